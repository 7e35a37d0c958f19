"""What is counted of our talk with Asterisk over ARI."""

from __future__ import annotations

from foundation.metrics import begin, counter, gauge, histogram

REQUEST_SECONDS = histogram(
    "ari_request_seconds",
    "From sending a request to its answer.",
    buckets=(0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)
REQUESTS_FAILED = counter("ari_requests_failed", "Requests that Asterisk did not answer.", "reason")
CONNECTED = gauge("ari_connected", "1 while the websocket of a Stasis application is up.", "application")
LOST = counter("ari_connections_lost", "Times the websocket ended while it was in use.", "application")
begin(LOST, application=("ivr",))
EVENTS_WAITING = gauge("ari_events_waiting", "Events that a call's coroutine has not read yet.")
