"""Settings of practices and of their terms."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr

from dialplan.settings import HoursSettings
from foundation.settings import Part
from ticket_core.code_book import CodeBook
from ticket_core.terms import DOCUMENTS_DAYS, STATUS_DAYS, Counting


class Days(StrEnum):
    """Which days of a term count."""

    CALENDAR = "calendar"
    WORKING = "working"


class TermSettings(Part):
    """How terms count, and for how long a code tells of its practice."""

    days: Days = Field(default=Days.CALENDAR, examples=["calendar", "working"])
    moves_to_working_day: bool = Field(default=True, description="a term that ends on a holiday moves on")
    documents_days: int = Field(default=DOCUMENTS_DAYS, ge=1, le=366)
    status_days: int = Field(
        default=STATUS_DAYS,
        ge=1,
        le=36500,
        description="for how long after its end a practice's code still tells its state",
    )

    def counting(self, hours: HoursSettings) -> Counting:
        """How days are counted, by these settings and the calendar of the service."""
        calendar = hours.calendar()
        return Counting(
            calendar.is_working_day,
            hours.zone,
            calendar.weekly.closes,
            self.days is Days.WORKING,
            self.moves_to_working_day,
            self.documents_days,
            self.status_days,
        )


class CodeSettings(Part):
    """The key under which erased codes are remembered."""

    key: SecretStr = Field(examples=["/run/secrets/codes"])

    def book(self) -> CodeBook:
        """Which codes may be drawn."""
        return CodeBook(self.key.get_secret_value().encode())
