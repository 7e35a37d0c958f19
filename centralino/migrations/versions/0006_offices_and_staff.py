"""Offices, staff and their tokens; the Contact Center is an office from the first day."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

CONTACT_CENTER = """
    INSERT INTO office (id, name, contact_center) VALUES ('8f2f7d0c-5b0e-4c52-9a55-0d3a84084084', 'Contact Center', true)
"""
ROLES = ("operator", "supervisor", "administrator", "auditor")


def instant(name: str, nullable: bool = False) -> sa.Column[Any]:
    """A column of aware instants."""
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def upgrade() -> None:
    """Make the tables, and the one office that every installation has."""
    make_offices()
    make_staff()


def make_offices() -> None:
    """Where requests are answered."""
    op.create_table(
        "office",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False, unique=True),
        sa.Column("email", sa.Text()),
        sa.Column("competent_for", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("contact_center", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("name <> ''", name="office_has_a_name"),
        sa.CheckConstraint(
            "competent_for <@ ARRAY['institution', 'organisation', 'company']::text[]", name="office_competent_for"
        ),
    )
    op.create_index(
        "office_one_contact_center",
        "office",
        ["contact_center"],
        unique=True,
        postgresql_where=sa.text("contact_center"),
    )
    op.execute(CONTACT_CENTER)


def make_staff() -> None:
    """Who works there, and with what they prove it."""
    op.create_table(
        "staff",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("login", sa.String(64), nullable=False, unique=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column(
            "role",
            sa.Enum(*ROLES, name="staff_role", native_enum=False, create_constraint=True, length=32),
            nullable=False,
        ),
        sa.Column("office_id", sa.Uuid(), sa.ForeignKey("office.id"), nullable=False, index=True),
        sa.Column("password_hash", sa.Text()),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        instant("created_at"),
        sa.Column("failed_logins", sa.Integer(), server_default=sa.text("0"), nullable=False),
        instant("locked_until", nullable=True),
        sa.CheckConstraint("login ~ '^[a-z][a-z0-9._-]{1,63}$'", name="staff_login_is_well_formed"),
        sa.CheckConstraint("failed_logins >= 0", name="staff_failed_logins"),
    )
    op.create_table(
        "api_token",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("staff_id", sa.Uuid(), sa.ForeignKey("staff.id"), nullable=False, index=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False, unique=True),
        instant("created_at"),
        instant("expires_at"),
        instant("revoked_at", nullable=True),
        instant("last_used_at", nullable=True),
        sa.CheckConstraint("octet_length(digest) = 32", name="api_token_digest_is_sha256"),
        sa.CheckConstraint("expires_at > created_at", name="api_token_expires_after_it_began"),
    )


def downgrade() -> None:
    """Drop the tables with what they hold."""
    for table in ("api_token", "staff", "office"):
        op.drop_table(table)
