"""Settings of the opening hours."""

from __future__ import annotations

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from pydantic import Field, field_validator, model_validator

from dialplan.calendar import Calendar
from dialplan.model import EXAMPLE, Override, parse_weekly
from foundation.settings import Part


class HoursSettings(Part):
    """When the service is open ("dalle 9.00 alle 18.00, dal lunedì al venerdì"), and whose holidays close it."""

    weekly: str = Field(default=EXAMPLE, examples=[EXAMPLE])
    holiday_subdivision: str | None = Field(
        default="RM", description="the Italian province whose patron saint closes the service", examples=["RM"]
    )
    timezone: str = Field(default="Europe/Rome", examples=["Europe/Rome"])

    @field_validator("weekly")
    @classmethod
    def _readable(cls, weekly: str) -> str:
        parse_weekly(weekly)
        return weekly

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise ValueError(f"{name!r} is no known time zone") from None
        return name

    @model_validator(mode="after")
    def _known_holidays(self) -> HoursSettings:
        self.calendar()
        return self

    @property
    def zone(self) -> ZoneInfo:
        """The time zone in which hours and dates are meant."""
        return ZoneInfo(self.timezone)

    def calendar(self, overrides: Sequence[Override] = ()) -> Calendar:
        """The calendar with these overrides; `CalendarStore.load` gives the one in force."""
        return Calendar(self.weekly, overrides, self.zone, self.holiday_subdivision)
