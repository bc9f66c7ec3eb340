"""What the notebooks of the course import: checks, plots, and what earlier steps have built."""
