"""What a configuration is and what a user may do with it. Imports the standard library and itself."""
