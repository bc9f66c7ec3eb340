"""The digits that a network learns from: fetched, verified, split and dealt out in batches."""
