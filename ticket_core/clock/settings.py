"""Settings of the process `clock`: when it reminds and warns, and for how long each class of data is kept."""

from __future__ import annotations

from pydantic import Field, model_validator

from foundation.settings import Part
from ticket_core.clock.model import Keeping, Warnings


class ClockSettings(Part):
    """When people are reminded and warned, and at what pace the clock works. Times are in seconds where nothing else is said."""

    reminder_days: int = Field(default=10, ge=1, le=365, description="days before the last day for documents")
    warn_days: int = Field(default=5, ge=1, le=365, description="days before a term ends")
    same_day_hours: float = Field(
        default=2.0, gt=0, le=24, description="hours before the service closes, for what was promised within the day"
    )
    look_s: float = Field(default=60.0, gt=0, le=3600, description="how often terms are looked at")
    seal_s: float = Field(default=300.0, gt=0, le=86400, description="how often the histories are sealed")
    forget_s: float = Field(
        default=600.0, gt=0, le=86400, description="how often is removed what is kept no longer, or was erased"
    )
    sweep_s: float = Field(default=86400.0, gt=0, le=604800, description="how often the attachments' store is swept")
    page: int = Field(default=100, ge=1, le=10000, description="practices looked up at once")
    pause_s: float = Field(
        default=0.1, ge=0, le=60, description="pause after each page: others work on the database too"
    )

    def warnings(self) -> Warnings:
        """When reminders and alarms come."""
        return Warnings(self.reminder_days, self.warn_days, self.same_day_hours)


class RetentionSettings(Part):
    """For how many days data is kept after its practice came to its end (D.Lgs. 196/2003, GDPR art. 5: no longer than is necessary).

    The defaults: a voice is the most personal of all, and its use ends with objections to the answer; its text serves as long as the
    code tells the state; the practice and its documents are proof until claims expire (Codice civile, art. 2946: ten years); a
    caller's number serves to call back and to know who called again, not longer.
    """

    audio_days: int = Field(default=180, ge=1, le=36500)
    transcripts_days: int = Field(default=730, ge=1, le=36500)
    attachments_days: int = Field(default=3650, ge=1, le=36500)
    practices_days: int = Field(default=3650, ge=1, le=36500)
    callers_days: int = Field(default=365, ge=1, le=36500, description="numbers in the ledger of calls, after the call")

    @model_validator(mode="after")
    def _parts_go_first(self) -> RetentionSettings:
        if max(self.audio_days, self.transcripts_days, self.attachments_days) > self.practices_days:
            raise ValueError(
                "audio, transcripts and attachments go at the latest with their practice: raise practices_days, or lower theirs"
            )
        return self

    def keeping(self, status_days: int) -> Keeping:
        """The same. A practice is kept at least as long as its code tells of it."""
        practices = max(self.practices_days, status_days)
        return Keeping(self.audio_days, self.transcripts_days, self.attachments_days, practices, self.callers_days)
