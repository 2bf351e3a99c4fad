"""Merging features with parcels: pure functions, arrays in, links out."""
