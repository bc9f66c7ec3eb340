"""Alembic runs this file for each migration; `database` has opened the transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
