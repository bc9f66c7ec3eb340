"""Sheets of numbers: print forms, recognize what is written on them, review and export it."""
