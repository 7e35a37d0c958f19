"""Pure decisions about closing, content and what a code tells."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from ticket_core.model import Closure, Message, MessageState, Practice, PracticeState

EMPTY = frozenset({MessageState.NO_SPEECH, MessageState.ABANDONED, MessageState.RECORDING})
REOPENABLE = frozenset({PracticeState.ANSWERED, PracticeState.CLOSED})


def check_closure(to: PracticeState, closure: Closure | None) -> None:
    """Raise `ValueError` when a closing has no reason, or another step has one."""
    if (to is PracticeState.CLOSED) != (closure is not None):
        reasons = ", ".join(Closure)
        raise ValueError(f"a closing, and nothing else, carries one of the closing reasons ({reasons}); got {closure}")


def closes_as_no_content(practice: Practice, messages: Sequence[Message]) -> bool:
    """Tell whether nothing was said: nobody has touched the practice, it is a voice message's, and no message has speech.

    Who assigned it, put it right or merged another into it has touched it, too: the version says so.
    """
    untouched = practice.state is PracticeState.RECEIVED and practice.version == 0
    return (
        untouched and practice.channel.value == "voice_message" and all(message.state in EMPTY for message in messages)
    )


def is_told(state: PracticeState, since: datetime, now: datetime, status_days: int) -> bool:
    """Whether a code still tells its practice's state: until `status_days` after the practice came to its end."""
    return state not in REOPENABLE or now - since <= timedelta(days=status_days)
