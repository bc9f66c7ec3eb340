"""Alembic runs this file for each migration; `database` has opened the transaction."""

from alembic import context

from inkdigits.personal.tables import VERSION_TABLE

connection = context.config.attributes["connection"]
context.configure(connection=connection, version_table=VERSION_TABLE)
context.run_migrations()
