"""Cartographic products: a scene becomes a sheet, a small map, a text. No database, no HTTP."""
