"""The tables of the database, as the newest migration leaves them."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    UniqueConstraint,
)

REVISION = "0002"  # of these tables: the newest file in migrations/versions/

VERSION_TABLE = "inkdigits_version"  # where Alembic keeps the revision

metadata = MetaData()


class Blob(LargeBinary):
    """Bytes, without SQLAlchemy's conversion of what else may be in a column of a damaged file."""

    cache_ok = True

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """Return that nothing is converted."""


# Times are text in ISO 8601, in UTC, always with microseconds: the same in every database, in an
# order that can be sorted, and readable.

profiles = Table(
    "profiles",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("created", String(32), nullable=False),
    Column("consent_version", Integer, nullable=False),
    Column("consent_time", String(32), nullable=False),
    Column("token_hash", String(64)),
    UniqueConstraint("name", name="profiles_name"),
    UniqueConstraint("token_hash", name="profiles_token_hash"),
)

samples = Table(
    "samples",
    metadata,
    Column("profile", String(32), ForeignKey("profiles.id", ondelete="CASCADE"), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("number", Integer, nullable=False),  # in the order in which they were added
    Column("label", SmallInteger, nullable=False),
    Column("source", String(16), nullable=False),
    Column("preprocessing", String(32), nullable=False),
    Column("revision", Integer, nullable=False),
    Column("seen", Blob, nullable=False),
    Column("strokes", Blob),
    Column("time", String(32), nullable=False),
    Column("checksum", BigInteger, nullable=False),  # see records.py
    Column("added", Integer, nullable=False, server_default="1"),  # by which version
    UniqueConstraint("profile", "number", name="samples_number"),
    CheckConstraint("label BETWEEN 0 AND 9", name="samples_label"),
)

versions = Table(
    "versions",
    metadata,
    Column("profile", String(32), ForeignKey("profiles.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("time", String(32), nullable=False),
    Column("action", String(16), nullable=False),
    Column("added", Integer, nullable=False),
    Column("removed", Integer, nullable=False),
    Column("samples", Integer, nullable=False),
    # SHA-256 of the samples' IDs and checksums. NULL if one of them has been removed since: the
    # version can then not be restored.
    Column("fingerprint", String(64)),
)

# A model is stored with the first version that had its samples.
models = Table(
    "models",
    metadata,
    Column("profile", String(32), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("digest", String(64), primary_key=True),  # of the model that was adapted
    Column("model", String(64), nullable=False),  # its name
    Column("file", Blob, nullable=False),
    ForeignKeyConstraint(
        ["profile", "version"], ["versions.profile", "versions.number"], ondelete="CASCADE"
    ),
)
