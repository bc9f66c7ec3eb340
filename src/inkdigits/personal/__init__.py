"""Personal models: the recognizer learns one person's handwriting from a few samples."""
