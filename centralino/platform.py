"""The platform on one machine: which processes, with which settings, in which order."""

from __future__ import annotations

import asyncio
import fcntl
import os
import shutil
import socket
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import redis.asyncio

from centralino import migrate
from centralino.pbx_home import make_pbx_home, make_robot_home, secret
from centralino.postgres import Cluster
from centralino.settings import CHECKOUT, Folders, Tree
from centralino.supervisor import Running, Service, Supervisor, until
from foundation.process import CannotStart
from pbx.ari.client import AriError, AriTimeout, ConnectionLost
from pbx.ari.probe import probe
from pbx.ari.transport import CannotConnect
from pbx.settings import PbxSettings

START = CHECKOUT / "asterisk_conf" / "start.sh"


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
        return self.folders.data / "run" / "redis.sock"

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

    def environ(self) -> dict[str, str]:
        """The settings each of our processes reads, as environment variables; secrets by file."""
        return {
            "CENTRALINO_DATABASE__URL": self.database_url,
            "CENTRALINO_REDIS__URL": f"unix://{self.redis_socket}",
            "CENTRALINO_PBX__ARI_ADDRESS": f"127.0.0.1:{self.ports.ari}",
            "CENTRALINO_PBX__ARI_PASSWORD_FILE": str(self.folders.secrets / "ari"),
            "CENTRALINO_AMI__ADDRESS": f"127.0.0.1:{self.ports.ami}",
            "CENTRALINO_PBX__SPOOL": str(self.folders.spool),
            "CENTRALINO_PBX__SOUNDS": str(self.folders.sounds),
            "CENTRALINO_AUDIO__FOLDER": str(self.folders.audio),
            "CENTRALINO_VOICEMAIL__MODELS_DIR": str(self.folders.models),
            "CENTRALINO_FALLBACK__SPOOL": str(self.folders.spool / "fallback"),
            "PYTHONUNBUFFERED": "1",
            # Only what was set: a default is every process's own.
            **{
                f"CENTRALINO_IVR__{name.upper()}": str(value)
                for name, value in self.tree.ivr.model_dump(exclude_unset=True).items()
            },
        }

    def ami_environ(self, user: str) -> dict[str, str]:
        """As which AMI user a process of ours speaks; each user has a secret of its own."""
        return {
            "CENTRALINO_AMI__USER": user,
            "CENTRALINO_AMI__PASSWORD_FILE": str(self.folders.secrets / f"ami-{user}"),
        }

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
        await asyncio.gather(self.supervisor.start(self._redis_service()), self._start_database())
        await self.start_pbx()
        await asyncio.gather(self.supervisor.start(self._ivr()), self.supervisor.start(self._voicemail()))

    async def start_pbx(self) -> Running:
        """Start Asterisk alone."""
        home = make_pbx_home(self.tree.up, self.tree.ivr, self.asterisk_root, self._added_conf)
        return await self.supervisor.start(self._asterisk("asterisk", home, self.pbx_settings()))

    async def start_robots(self) -> Running:
        """Start the second Asterisk, from which robot phones call."""
        self._take_lock("robot", "another robot phone is calling from this folder: let its call end first")
        home = make_robot_home(self.tree.up, self.asterisk_root)
        return await self.supervisor.start(self._asterisk("robot", home, self.robot_settings()))

    async def stop(self) -> None:
        """Stop everything this platform started, last first."""
        await self.supervisor.stop()
        while self._locks:
            self._locks.pop().close()

    def _take_lock(self, name: str, taken: str) -> None:
        path = self.folders.data / "run" / f"{name}.lock"
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
        ]

    async def _start_database(self) -> None:
        await self.supervisor.start(self._postgres_service())
        await asyncio.to_thread(self._postgres.create_database)
        await asyncio.to_thread(migrate.upgrade, self.database_url)

    # -- the services

    def _redis_service(self) -> Service:
        client = redis.asyncio.Redis(unix_socket_path=str(self.redis_socket))

        async def ready() -> None:
            async def answers() -> bool:
                with suppress(redis.exceptions.RedisError):
                    return bool(await client.ping())
                return False

            await until(answers)
            await client.aclose()

        command = [
            _program("redis-server"), "--port", "0", "--unixsocket", str(self.redis_socket), "--unixsocketperm", "600",
            "--dir", str(self.folders.redis), "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", "",
        ]  # fmt: skip
        return Service("redis", command, ready)

    def _postgres_service(self) -> Service:
        async def ready() -> None:
            await asyncio.to_thread(self._postgres.wait_ready, 20.0)

        return Service(
            "postgres", self._postgres.command(), ready, stop_command=self._postgres.stop_command(), stop_within_s=20.0
        )

    def _asterisk(self, name: str, home: Path, settings: PbxSettings) -> Service:
        async def ready() -> None:
            async def answers() -> bool:
                with suppress(CannotConnect, TimeoutError, AriError, AriTimeout, ConnectionLost):
                    found = await probe(settings, timeout_s=2.0)
                    return not found.missing
                return False

            await until(answers)

        start = [str(START), self.asterisk_root or "/", str(home), str(self.folders.sounds)]
        return Service(name, start, ready, stop_command=[*start, "-rx", "core stop now"])

    def _ivr(self) -> Service:
        async def ready() -> None:
            async def is_registered() -> bool:
                return (self.folders.logs / "ivr.log").exists() and await self.ivr_is_up()

            await until(is_registered)

        return Service("ivr", [sys.executable, "-m", "ivr"], ready, environ=self.environ(), stop_within_s=15.0)

    async def ivr_is_up(self) -> bool:
        """Whether a call would be answered by `ivr`, and not by the fallback."""
        with suppress(CannotConnect, TimeoutError, AriError, AriTimeout, ConnectionLost):
            return (await probe(self.pbx_settings())).serves
        return False

    def _voicemail(self) -> Service:
        async def ready() -> None:
            return None

        return Service(
            "voicemail", [sys.executable, "-m", "voicemail_worker"], ready, environ=self.environ(), stop_within_s=15.0
        )


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


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if found is None:
        raise CannotStart(f"{name} is not installed: run `make setup`, which installs it")
    return found
