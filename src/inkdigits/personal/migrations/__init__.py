"""The steps from each older form of the database to the next: Alembic's files."""
