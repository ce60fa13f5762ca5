"""The ticker list: formats, sources and the search index."""
