"""What the guard counts."""

from __future__ import annotations

from foundation.metrics import begin, counter, gauge, histogram
from pbx.guard.model import Probe

CALLERS_REDIRECTED = counter(
    "callers_redirected", "Callers taken to the fallback because nobody served them.", "application"
)
HEARTBEAT_AGE = gauge(
    "heartbeat_age_seconds",
    "How far an application's heartbeat is from now; not a number: there is none.",
    "application",
)
PBX_KILLS = counter("pbx_kills", "Times the PBX was ended because it was hung.")
PROBES = counter("probes", "Times the PBX was asked whether it lives.", "probe", "outcome")
PROBE_SECONDS = histogram("probe_seconds", "How long its answer took, or was waited for.", "probe")
DISK_FREE = gauge("disk_free_bytes", "Bytes free on the fullest of the disks that are watched.")
TRUNK_REACHABLE = gauge("trunk_reachable", "1: the carrier answers, 0: it does not; not a number: nobody asks it.")
CLOCK_JUMPS = counter("clock_jumps", "Times the wall clock moved by itself.")
CLOCK_SYNCHRONISED = gauge(
    "clock_synchronised", "1: something keeps the clock right, 0: nothing; not a number: unknown."
)

begin(CALLERS_REDIRECTED, application=("ivr", "queue"))
begin(PROBES, probe=(probe.value for probe in Probe), outcome=("answered", "failed"))
