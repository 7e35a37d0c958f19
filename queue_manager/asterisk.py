"""What Asterisk holds for the fallback, made equal to what it must hold: app_queue's members and the AstDB's dated hours."""

from __future__ import annotations

from collections.abc import Set
from typing import Protocol

from dialplan.dated import FAMILY
from foundation import logs
from pbx.ami.client import Ami
from queue_manager.model import Wanted

log = logs.get(__name__)

QUEUE = "fallback"
"""The queue's name in `asterisk_conf/etc/queues.conf`."""


class Held(Protocol):
    """Where `Wanted` is brought to: `AsteriskCopies` is the real one."""

    async def bring_to(self, wanted: Wanted) -> None:
        """Change what differs. Raises `AmiError`; what was done till then stays."""
        ...


class AsteriskCopies:
    """The copies in one Asterisk, over an open AMI connection."""

    def __init__(self, ami: Ami) -> None:
        self._ami = ami

    async def bring_to(self, wanted: Wanted) -> None:
        members, dated = await self.members(), await self.dated()
        for interface in sorted(wanted.members - members):
            await self._ami.ask("QueueAdd", Queue=QUEUE, Interface=interface, MemberName=interface)
        for interface in sorted(members - wanted.members):
            await self._ami.ask("QueueRemove", Queue=QUEUE, Interface=interface)
        changed = {day for day, hours in wanted.dated.items() if dated.get(day) != hours}
        for day in sorted(changed):
            await self._ami.ask("DBPut", Family=FAMILY, Key=day, Val=wanted.dated[day])
        for day in sorted(dated.keys() - wanted.dated.keys()):
            await self._ami.ask("DBDel", Family=FAMILY, Key=day)
        self._tell(wanted, members, len(changed), len(dated.keys() - wanted.dated.keys()))

    def _tell(self, wanted: Wanted, members: Set[str], put: int, deleted: int) -> None:
        if members != wanted.members:
            log.info("fallback_members", members=len(wanted.members), before=len(members))
        if put or deleted:
            log.info("fallback_hours", days=len(wanted.dated), put=put, deleted=deleted)

    async def members(self) -> frozenset[str]:
        """The interfaces that app_queue would ring."""
        found = await self._ami.list("QueueStatus", "QueueMember", Queue=QUEUE)
        return frozenset(member["Location"] for member in found)

    async def dated(self) -> dict[str, str]:
        """The days in the AstDB with their hours."""
        found = await self._ami.list("DBGetTree", "DBGetTreeResponse", Family=FAMILY)
        return {item["Key"].rpartition("/")[2]: item["Val"] for item in found}
