"""Features over HTTP: parameters in, GeoJSON out."""
