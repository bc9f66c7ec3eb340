"""Where the profiles of the user of this computer are."""

from pathlib import Path

import platformdirs

VARIABLE = "INKDIGITS_DATABASE"  # of the environment: another database


def user_database() -> Path:
    """Return the path of the SQLite file in the user's data folder."""
    return platformdirs.user_data_path("inkdigits", appauthor=False) / "profiles.sqlite3"
