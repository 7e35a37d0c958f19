"""What is counted of the line."""

from __future__ import annotations

from foundation.metrics import begin, counter, gauge, histogram
from queue_manager.board import Board
from queue_manager.model import PlaceState, SeatState

PLACES = gauge("queue_callers", "Callers, by how it stands with them.", "state")
SEATS = gauge("queue_operators", "Operators, by what they do.", "state")
ENDED = counter("queue_ended", "Callers who left the line, by what came of it.", "outcome")
RESUMED = counter("queue_callers_resumed", "Callers found in line or in a talk after a restart.")
WAITED_SECONDS = histogram(
    "queue_waited_seconds",
    "From the choice of an operator to the talk.",
    buckets=(1, 2, 5, 10, 20, 30, 60, 120, 180, 300, 600, 1200, 3600),
)
begin(ENDED, outcome=("answered", "abandoned", "message", "callback", "no_operator", "full", "waited_long"))


def look(board: Board) -> None:
    """Set the gauges."""
    for state in PlaceState:
        if state is not PlaceState.LEFT:
            PLACES.labels(state=state.value).set(sum(place.state is state for place in board.places.values()))
    for seat_state in SeatState:
        SEATS.labels(state=seat_state.value).set(sum(seat.state is seat_state for seat in board.seats.values()))
