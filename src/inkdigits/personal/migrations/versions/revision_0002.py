"""Versions of each profile, and their personal models.

All samples that a profile already has become its first version.
"""

import hashlib
from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Create both tables, and the first version of each profile with samples."""
    profile = sa.ForeignKey("profiles.id", ondelete="CASCADE")
    op.create_table(
        "versions",
        sa.Column("profile", sa.String(32), profile, primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("added", sa.Integer, nullable=False),
        sa.Column("removed", sa.Integer, nullable=False),
        sa.Column("samples", sa.Integer, nullable=False),
        sa.Column("fingerprint", sa.String(64)),
    )
    op.create_table(
        "models",
        sa.Column("profile", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("digest", sa.String(64), primary_key=True),
        sa.Column("model", sa.String(64), nullable=False),
        sa.Column("file", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(
            ["profile", "version"], ["versions.profile", "versions.number"], ondelete="CASCADE"
        ),
    )
    op.add_column("samples", sa.Column("added", sa.Integer, nullable=False, server_default="1"))
    connection = op.get_bind()
    query = sa.text("SELECT profile, id, checksum, time FROM samples ORDER BY profile, number")
    rows = connection.execute(query).all()
    for owner, samples in groupby(rows, lambda row: row.profile):
        ids, times = zip(*((f"{row.id} {row.checksum}", row.time) for row in samples), strict=True)
        connection.execute(
            sa.text(
                "INSERT INTO versions VALUES (:owner, 1, :time, 'add', :count, 0, :count, :print)"
            ),
            {
                "owner": owner,
                "time": max(times),
                "count": len(ids),
                "print": hashlib.sha256("\n".join(ids).encode()).hexdigest(),
            },
        )
