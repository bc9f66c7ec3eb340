"""Databases as older versions of inkdigits have made them."""

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from inkdigits.personal.database import close_database, open_database
from inkdigits.personal.migrate import MIGRATIONS
from inkdigits.personal.records import sample_row
from inkdigits.personal.tables import VERSION_TABLE, metadata

TIME = "2026-01-02T03:04:05.678901+00:00"
OWNER = "a" * 32


def older_database(url, samples=()):
    """Make a database in revision 0001, with a profile."""
    database = open_database(url)
    with database.writing() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE {table.name}"))
        connection.execute(text(f"DROP TABLE {VERSION_TABLE}"))
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text("INSERT INTO profiles VALUES (:id, 'Ada', :time, 1, :time, NULL)"),
            {"id": OWNER, "time": TIME},
        )
        for number, sample in enumerate(samples, 1):
            row = {**sample_row(sample), "profile": OWNER, "number": number}
            values = ", ".join(f":{name}" for name in row)
            connection.execute(
                text(f"INSERT INTO samples ({', '.join(row)}) VALUES ({values})"), row
            )
    close_database(database)
