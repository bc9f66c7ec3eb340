"""Profiles and their samples."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "profiles",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("name", sa.String(64), nullable=False),
        sa.Column("created", sa.String(32), nullable=False),
        sa.Column("consent_version", sa.Integer, nullable=False),
        sa.Column("consent_time", sa.String(32), nullable=False),
        sa.Column("token_hash", sa.String(64)),
        sa.UniqueConstraint("name", name="profiles_name"),
        sa.UniqueConstraint("token_hash", name="profiles_token_hash"),
    )
    profile = sa.ForeignKey("profiles.id", ondelete="CASCADE")
    op.create_table(
        "samples",
        sa.Column("profile", sa.String(32), profile, primary_key=True),
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("label", sa.SmallInteger, nullable=False),
        sa.Column("source", sa.String(16), nullable=False),
        sa.Column("preprocessing", sa.String(32), nullable=False),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("seen", sa.LargeBinary, nullable=False),
        sa.Column("strokes", sa.LargeBinary),
        sa.Column("time", sa.String(32), nullable=False),
        sa.Column("checksum", sa.BigInteger, nullable=False),
        sa.UniqueConstraint("profile", "number", name="samples_number"),
        sa.CheckConstraint("label BETWEEN 0 AND 9", name="samples_label"),
    )
