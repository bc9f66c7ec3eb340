"""Open a database only when one is needed: its packages are an extra, and take time to import."""

from pathlib import Path
from typing import TYPE_CHECKING

from inkdigits.personal.errors import ExtraMissing

if TYPE_CHECKING:
    from inkdigits.personal.database import Database

EXTRA = ("sqlalchemy", "alembic")


def open_database(url: str | Path | None) -> "Database":
    """Open a database; raise ExtraMissing if the packages for it are not installed."""
    try:
        from inkdigits.personal import database
    except ModuleNotFoundError as error:
        if error.name and error.name.split(".")[0] in EXTRA:
            raise ExtraMissing(
                "Profiles need packages that are not installed; run pip install "
                "'inkdigits[profiles]'."
            ) from None
        raise
    return database.open_database(url)
