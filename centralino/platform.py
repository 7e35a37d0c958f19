"""The platform on one machine: its life, from the lock on its folder to the last process stopped."""

from __future__ import annotations

import asyncio
import fcntl
import socket
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from centralino import migrate
from centralino.lists import load_lists
from centralino.pbx_home import make_pbx_home, make_robot_home, secret
from centralino.postgres import Cluster
from centralino.services import OURS, Services
from centralino.settings import Folders, Tree
from centralino.supervisor import Running, Supervisor
from foundation.process import CannotStart
from pbx.ari.client import AriError, AriTimeout, ConnectionLost
from pbx.ari.probe import probe
from pbx.ari.transport import CannotConnect
from pbx.settings import PbxSettings


class Platform:
    """Redis, PostgreSQL, Asterisk and our processes over one data folder.

    `added_conf` are files for this PBX beyond the shipped ones (see `make_pbx_home`): a bench's peers live there.
    """

    def __init__(
        self, tree: Tree, asterisk_root: str, sync_to_disk: bool = True, added_conf: Sequence[Path] = ()
    ) -> None:
        self.tree = tree
        self.asterisk_root = asterisk_root
        self._added_conf = tuple(added_conf)
        self.folders = Folders(tree.up.data, tree.up.cache)
        self.ports = tree.up.ports
        self._postgres = Cluster(self.folders.postgres, self.folders.postgres_socket, durable=sync_to_disk)
        self.services = Services(tree, self._postgres, asterisk_root)
        self.supervisor = Supervisor(self.folders.logs)
        self._locks: list[IO[str]] = []

    # -- what others need to know

    @property
    def database_url(self) -> str:
        """Where the platform's database answers."""
        return self._postgres.url()

    @property
    def redis_socket(self) -> Path:
        """Where the platform's Redis answers."""
        return self.services.redis_socket

    def pbx_settings(self) -> PbxSettings:
        """How to reach the PBX."""
        return self._ari(self.ports.ari, "ari")

    def robot_settings(self) -> PbxSettings:
        """How to reach the robot phones' Asterisk."""
        return self._ari(self.ports.robot_ari, "robot-ari")

    def _ari(self, port: int, name: str) -> PbxSettings:
        return PbxSettings(
            ari_address=f"127.0.0.1:{port}",
            ari_password=secret(self.folders.secrets, name),  # type: ignore[arg-type]
            spool=self.folders.spool,
            sounds=self.folders.sounds,
        )

    def lock(self, name: str) -> Path:
        """The file that is locked while `up`, or the `robot` phones, run on this folder."""
        return self.folders.data / "run" / f"{name}.lock"

    # -- life

    async def start(self) -> None:
        """Start everything and wait until a call would be answered. Raises `CannotStart`, `StartFailed`."""
        self._take_lock(
            "up",
            f"a platform is already running on {self.folders.data}: use it, stop it, "
            "or name another folder in CENTRALINO_UP__DATA",
        )
        check_ports_free(self.port_list())
        for folder in (self.folders.audio, self.folders.sounds, self.folders.redis, self.folders.data / "run"):
            folder.mkdir(parents=True, exist_ok=True)
        await asyncio.to_thread(self._postgres.initialise)
        await asyncio.gather(self.supervisor.start(self.services.redis()), self._start_database())
        await self.start_pbx()
        await asyncio.gather(*(self.supervisor.start(self.services.ours(name)) for name in OURS))

    async def start_pbx(self) -> Running:
        """Start Asterisk alone."""
        home = make_pbx_home(self.tree.up, self.tree.ivr, self.asterisk_root, self._added_conf, self.tree.hours)
        return await self.supervisor.start(self.services.asterisk("asterisk", home, self.pbx_settings()))

    async def start_robots(self, operators: Sequence[str] = ()) -> Running:
        """Start the second Asterisk, from which robot phones call; `operators` are phones that register with the PBX and are called.

        An odd number answers what it is offered, an even one lets it ring.
        """
        self._take_lock("robot", "another robot phone is calling from this folder: let its call end first")
        home = make_robot_home(self.tree.up, self.asterisk_root, operators)
        return await self.supervisor.start(self.services.asterisk("robot", home, self.robot_settings()))

    async def stop(self) -> None:
        """Stop everything this platform started, last first."""
        await self.supervisor.stop()
        while self._locks:
            self._locks.pop().close()

    def _take_lock(self, name: str, taken: str) -> None:
        path = self.lock(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = path.open("w")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            raise CannotStart(taken) from None
        self._locks.append(lock)

    def port_list(self) -> list[tuple[str, int, socket.SocketKind]]:
        """Each port the platform listens on: what for, number, kind."""
        return [
            ("SIP", self.ports.sip, socket.SOCK_DGRAM),
            ("ARI", self.ports.ari, socket.SOCK_STREAM),
            ("AMI", self.ports.ami, socket.SOCK_STREAM),
            *((f"health of {name}", port, socket.SOCK_STREAM) for name, port in self.ports.monitors.items()),
        ]

    async def _start_database(self) -> None:
        await self.supervisor.start(self.services.postgres())
        await asyncio.to_thread(self._postgres.create_database)
        await asyncio.to_thread(migrate.upgrade, self.database_url)
        await load_lists(self.database_url)

    async def ivr_is_up(self) -> bool:
        """Whether the PBX hands calls to `ivr`, and not to the fallback: its own view, which `ivr` may not share."""
        with suppress(CannotConnect, TimeoutError, AriError, AriTimeout, ConnectionLost):
            return (await probe(self.pbx_settings())).serves
        return False


def check_ports_free(ports: Iterable[tuple[str, int, socket.SocketKind]]) -> None:
    """Raise `CannotStart` naming the first port somebody else holds."""
    for name, port, kind in ports:
        with socket.socket(socket.AF_INET, kind) as trial:
            if kind is socket.SOCK_STREAM:
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError as error:
                raise CannotStart(
                    f"port {port} ({name}) is not free: {error.strerror}. "
                    "Stop what uses it, or choose other ports with CENTRALINO_UP__FIRST_PORT"
                ) from None
