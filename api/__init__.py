"""HTTP, command line, pages: the composition root. May import everything below."""
