"""The data sets: downloading, verification, splitting, augmentation, and batches."""
