"""What is counted of letters."""

from __future__ import annotations

from foundation.metrics import begin, counter, gauge, histogram

OUTCOMES = ("sent", "again", "dead", "server_away")

LETTERS = counter("channels_letters", "Tries to send a letter, by what came of them.", "outcome")
SEND_SECONDS = histogram(
    "channels_send_seconds", "One conversation with the mail server, from its connection to its end."
)
WAITING = gauge("channels_letters_waiting", "Letters that are not sent yet and not given up.")
OLDEST_SECONDS = gauge("channels_oldest_waiting_seconds", "Since when the oldest of them is tried; 0 when none waits.")
DEAD = gauge("channels_letters_dead", "Letters that were refused or given up, and wait for a person.")
begin(LETTERS, outcome=OUTCOMES)
