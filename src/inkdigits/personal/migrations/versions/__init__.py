"""One file for each revision of the database's tables."""
