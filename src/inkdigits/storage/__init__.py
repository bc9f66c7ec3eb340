"""Files: atomic writes, careful reads, and tensors under one SHA-256."""
