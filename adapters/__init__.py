"""One technology a file. Imports the domain, never an entrypoint, never a sibling technology."""
