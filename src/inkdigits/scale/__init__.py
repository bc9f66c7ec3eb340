"""Recognition, sweeps and training on many machines, scheduled by Ray."""
