"""Sheets of numbers: described in a file, printed, filled in by hand, and recognized."""
