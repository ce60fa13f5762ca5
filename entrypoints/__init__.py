"""Everything that knows HTTP, the command line, Lambda or the environment."""
