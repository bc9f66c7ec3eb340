"""Where the profiles of the user of this computer are."""

from pathlib import Path

import platformdirs


def user_database() -> Path:
    """Return the path of the SQLite file in the user's data folder."""
    return platformdirs.user_data_path("inkdigits", appauthor=False) / "profiles.sqlite3"
