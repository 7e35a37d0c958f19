"""The rows behind offices, staff and tokens. What they hold of a secret never leaves this room."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from foundation.database import Base, Instant, one_of
from ticket_core.people.model import Office, OfficeRequester, Role, Staff, Token


class OfficeRow(Base):
    """One office; the migration that makes the table puts the Contact Center in it."""

    __tablename__ = "office"
    __table_args__ = (
        CheckConstraint("name <> ''", name="office_has_a_name"),
        CheckConstraint(
            "competent_for <@ ARRAY['institution', 'organisation', 'company']::text[]", name="office_competent_for"
        ),
        Index("office_one_contact_center", "contact_center", unique=True, postgresql_where=text("contact_center")),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(Text, unique=True)
    email: Mapped[str | None] = mapped_column(Text)
    competent_for: Mapped[list[str]] = mapped_column(ARRAY(Text), server_default=text("'{}'"))
    contact_center: Mapped[bool] = mapped_column(server_default=text("false"))

    def value(self) -> Office:
        """The frozen value of this row."""
        competent_for = frozenset(OfficeRequester(one) for one in self.competent_for)
        return Office(self.id, self.name, self.email, competent_for, self.contact_center)


class StaffRow(Base):
    """One member of staff; a row is never removed, since histories name its login."""

    __tablename__ = "staff"
    __table_args__ = (
        # Lower case only, so that unique means unique however it is typed.
        CheckConstraint("login ~ '^[a-z][a-z0-9._-]{1,63}$'", name="staff_login_is_well_formed"),
        CheckConstraint("failed_logins >= 0", name="staff_failed_logins"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[Role] = mapped_column(one_of(Role, "staff_role"))
    office_id: Mapped[UUID] = mapped_column(ForeignKey("office.id"), index=True)
    password_hash: Mapped[str | None] = mapped_column(Text)
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    failed_logins: Mapped[int] = mapped_column(server_default=text("0"))
    locked_until: Mapped[datetime | None] = mapped_column(Instant)

    def value(self) -> Staff:
        """The frozen value of this row."""
        return Staff(
            id=self.id,
            login=self.login,
            name=self.name,
            role=self.role,
            office_id=self.office_id,
            active=self.active,
            has_password=self.password_hash is not None,
            created_at=self.created_at,
        )


class TokenRow(Base):
    """One token, as the SHA-256 digest of it: 256 random bits need no slow hash."""

    __tablename__ = "api_token"
    __table_args__ = (
        CheckConstraint("octet_length(digest) = 32", name="api_token_digest_is_sha256"),
        CheckConstraint("expires_at > created_at", name="api_token_expires_after_it_began"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    staff_id: Mapped[UUID] = mapped_column(ForeignKey("staff.id"), index=True)
    name: Mapped[str] = mapped_column(Text)
    digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime] = mapped_column(Instant)
    revoked_at: Mapped[datetime | None] = mapped_column(Instant)
    last_used_at: Mapped[datetime | None] = mapped_column(Instant)

    def value(self) -> Token:
        """The frozen value of this row."""
        return Token(
            id=self.id,
            staff_id=self.staff_id,
            name=self.name,
            created_at=self.created_at,
            expires_at=self.expires_at,
            revoked_at=self.revoked_at,
            last_used_at=self.last_used_at,
        )
