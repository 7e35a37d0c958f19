"""Operators and their phones: what rows, AMI and their own keys say of them, and the pauses that the board gives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from foundation import logs
from foundation.database import is_away
from pbx.ami.phones import PhoneState
from pbx.ari.line import ChannelGone
from queue_manager.caller import LineWaiter
from queue_manager.hall import AGAIN_AFTER_S, OPERATORS_LANGUAGE, Hall
from queue_manager.model import Duty, Phone
from queue_manager.operator_keys import serve_keys

log = logs.get(__name__)

PHONES = {
    PhoneState.FREE: Phone.FREE,
    PhoneState.RINGING: Phone.BUSY,
    PhoneState.IN_CALL: Phone.BUSY,
    PhoneState.BUSY: Phone.BUSY,
    PhoneState.UNREACHABLE: Phone.UNREACHABLE,
    PhoneState.INVALID: Phone.UNREACHABLE,
}


class Operators:
    """`set_duty` writes what an operator has dialled as their duty, and whom the board itself has paused."""

    def __init__(self, hall: Hall, set_duty: Callable[[str, Duty, str], Coroutine[Any, Any, None]]) -> None:
        self._hall = hall
        self._set_duty = set_duty
        self.own_phones: set[str] = set()

    def phone(self, interface: str, state: PhoneState) -> None:
        """What AMI says of a phone."""
        self._hall.do(self._hall.board.phone(interface.rpartition("/")[2], PHONES[state], self._hall.now()))

    def duty(self, number: str, duty: Duty, reason: str) -> None:
        """What an operator's row says."""
        self._hall.do(self._hall.board.duty(number, duty, reason, self._hall.now()))

    async def write_pause(self, number: str, reason: str) -> None:
        """Whom the board has paused is paused for the fallback too, and after a restart; as soon as PostgreSQL is there."""
        seat = self._hall.board.seats[number]
        while (seat.duty, seat.reason) == (Duty.PAUSED, reason):
            try:
                await self._set_duty(number, Duty.PAUSED, reason)
            except Exception as error:
                if not is_away(error):
                    raise
                log.warning("pause_not_written", operator=number, **logs.fault(error))
                await asyncio.sleep(AGAIN_AFTER_S)
            else:
                return

    async def serve_keys(self, channel_id: str, number: str, dialled: str) -> None:
        """An operator dials on their own phone."""
        line = self._hall.line(channel_id)
        self.own_phones.add(channel_id)
        try:
            waiter = LineWaiter(line, self._hall.sounds, OPERATORS_LANGUAGE)
            await serve_keys(waiter, number, dialled, self._set_duty, self._end_wrap_up)
        except ChannelGone:
            log.info("operator_hung_up", operator=number)
        except Exception as error:
            # Silence would be taken for a yes.
            log.error("keys_not_done", operator=number, **logs.fault(error))
            await self._hall.hang_up(channel_id)
        finally:
            self.own_phones.discard(channel_id)
            line.close()

    def _end_wrap_up(self, number: str) -> bool:
        happened = self._hall.board.done(number, self._hall.now()) if number in self._hall.board.seats else []
        self._hall.do(happened)
        return bool(happened)
