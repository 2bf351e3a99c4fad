"""Readers of source formats; the way in is :func:`layers.formats.reader.read_tables`."""
