"""Databases for the tests of profiles: SQLite, and in `make test-postgres` a real PostgreSQL."""

import pytest
from postgres_server import PostgresServer
from profile_writers import Writers

from inkdigits.personal import Profile
from inkdigits.personal.database import close_databases


@pytest.fixture(scope="session")
def postgres():
    """A running PostgreSQL server; without PostgreSQL the test fails."""
    try:
        server = PostgresServer()
    except FileNotFoundError as error:
        pytest.fail(str(error))
    with server:
        yield server


@pytest.fixture(scope="session")
def writers():
    """A process that runs jobs on profiles in forks, which can be killed."""
    with Writers() as writers:
        yield writers


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database_url(request, tmp_path):
    """The URL of a new, empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'profiles.sqlite3'}"
        return
    server = request.getfixturevalue("postgres")
    url = server.new_database()
    yield url
    # The fewer files a server has, the sooner it starts again after a kill.
    server.drop_database(url)


@pytest.fixture
def ada(database_url):
    """A profile without samples."""
    return Profile.create("Ada", consent=True, database=database_url)


@pytest.fixture(autouse=True)
def closed_databases():
    """Close what a test has opened: a server accepts few connections."""
    yield
    close_databases()
