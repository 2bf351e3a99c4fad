"""Features in other formats than GeoJSON: each writes record batches, a piece at a time.

A format is one module: how it is called, its media type, and ``write``; `registry` lists them.
"""
