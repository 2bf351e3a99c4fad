"""OGC API Styles: the signature catalogue as MapLibre styles, with signs and lettering.

`documents` describes, `routes` answers styles, `files` answers what styles are made of.
"""
