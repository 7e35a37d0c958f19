"""What is counted of messages and their transcripts."""

from __future__ import annotations

from foundation.metrics import begin, counter, gauge, histogram
from ledger.model import Outcome

MESSAGES = counter("voicemail_messages", "Messages that a decoder has answered for.", "outcome")
DECODE_SECONDS = histogram(
    "voicemail_decode_seconds",
    "From handing a message to the decoder to its answer.",
    buckets=(0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800),
)
REAL_TIME_FACTOR = histogram(
    "voicemail_real_time_factor",
    "Decoding time over the length of the audio: above 1 a message takes longer to read than it took to say.",
    buckets=(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 20),
)
WAITING = gauge("voicemail_messages_waiting", "Messages that wait for their text.")
OLDEST_SECONDS = gauge("voicemail_oldest_waiting_seconds", "Since when the oldest of them waits; 0 when none does.")
FALLBACK_CALLS = counter("voicemail_fallback_calls", "Calls that the dialplan's fallback took, by outcome.", "outcome")
begin(FALLBACK_CALLS, outcome=Outcome)
