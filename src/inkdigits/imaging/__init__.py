"""Image files and rasters: decoding, and drawing pen strokes."""
