"""What Asterisk holds for the fallback, made equal to what it must hold: app_queue's members and the AstDB's dated hours."""

from __future__ import annotations

from collections.abc import Set

from dialplan.dated import FAMILY
from foundation import logs
from pbx.ami.client import Ami
from queue_manager.model import Wanted

log = logs.get(__name__)

QUEUE = "fallback"
"""The queue's name in `asterisk_conf/etc/queues.conf`."""


PHONES = {
    "1": "its phone is free",
    "2": "its phone is in a call",
    "3": "its phone is busy",
    "4": "its phone is not set up: start again",
    "5": "its phone has not registered",
    "6": "its phone rings",
}
"""Asterisk's device states, as far as a member's phone has them (`AST_DEVICE_*` of devicestate.h)."""


class AsteriskCopies:
    """The copies in one Asterisk, over an open AMI connection."""

    def __init__(self, ami: Ami) -> None:
        self._ami = ami

    async def bring_to(self, wanted: Wanted) -> None:
        """Change what differs. Raises `AmiError`; what was done till then stays."""
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
        return frozenset(await self.phones())

    async def phones(self) -> dict[str, str]:
        """The same, each with how its phone is, in words."""
        found = await self._ami.list("QueueStatus", "QueueMember", Queue=QUEUE)
        return {member["Location"]: PHONES.get(member["Status"], "its phone is unknown") for member in found}

    async def dated(self) -> dict[str, str]:
        """The days in the AstDB with their hours."""
        found = await self._ami.list("DBGetTree", "DBGetTreeResponse", Family=FAMILY)
        return {item["Key"].rpartition("/")[2]: item["Val"] for item in found}
