"""What is counted of the clock. A gauge of a duty is there while this instance is the active one."""

from __future__ import annotations

from foundation.metrics import counter, gauge, histogram

ACTIVE = gauge("clock_active", "1 while this instance is the one that works, 0 while it stands by.")
LAST_RUN = gauge(
    "clock_last_run_timestamp_seconds",
    "When a duty last ran to its end; at the beginning: when it was taken on.",
    "action",
)
EVERY = gauge("clock_every_seconds", "How often a duty runs.", "action")
FAILURES = gauge("clock_failures_in_a_row", "Runs of a duty in a row that failed, or left a practice undone.", "action")
DONE = counter("clock_done", "What duties did: letters, closures, alarms, removals, entries sealed.", "action")
BROKEN = counter("clock_broken", "Practices that a duty could not deal with; the log names each.", "action")
RUN_SECONDS = histogram("clock_run_seconds", "One run of a duty.", "action")
DUE_TODAY = gauge("clock_practices_due_today", "Practices whose term ends today; exercises left out.")
OVERDUE = gauge("clock_practices_overdue", "Practices whose term is over; exercises left out.")
