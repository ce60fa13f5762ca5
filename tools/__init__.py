"""What the project's own work needs and nothing that runs imports."""
