"""The services of one machine: each process, how it starts, with which settings, and when it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import sys
from contextlib import suppress
from http import HTTPStatus
from pathlib import Path

import redis.asyncio
from pydantic import SecretStr

from centralino.pbx_home import secret
from centralino.postgres import Cluster
from centralino.settings import CHECKOUT, Folders, Tree
from centralino.supervisor import Service, until
from foundation.monitor import fetch
from foundation.process import CannotStart
from pbx.ami.settings import AmiSettings
from pbx.ari.client import AriError, AriTimeout, ConnectionLost
from pbx.ari.probe import probe
from pbx.ari.transport import CannotConnect
from pbx.settings import PbxSettings

START = CHECKOUT / "asterisk_conf" / "start.sh"

OURS = {
    "ivr": "ivr",
    "voicemail": "voicemail_worker",
    "queue": "queue_manager",
    "channels": "channels",
    "clock": "centralino.clock",
    "guard": "pbx.guard",
}
"""Our own processes: name -> what `python -m` runs. Each has a port in `Ports.monitors`.

The guard comes last, so that it is stopped first: a platform that stops needs no rescue.
"""

SPEAK_AMI = frozenset({"guard", "queue"})
"""Those of our processes that are AMI users, each under its own name."""


class Services:
    """Makes each service of a platform over one data folder."""

    def __init__(self, tree: Tree, postgres: Cluster, asterisk_root: str) -> None:
        self._tree = tree
        self._folders = Folders(tree.up.data, tree.up.cache)
        self._ports = tree.up.ports
        self._postgres = postgres
        self._asterisk_root = asterisk_root

    @property
    def redis_socket(self) -> Path:
        """Where Redis answers."""
        return self._folders.data / "run" / "redis.sock"

    def environ(self) -> dict[str, str]:
        """The settings each of our processes reads, as environment variables; secrets by file."""
        secret(self._folders.secrets, "codes")
        return {
            "CENTRALINO_DATABASE__URL": self._postgres.url(),
            "CENTRALINO_REDIS__URL": f"unix://{self.redis_socket}",
            "CENTRALINO_PBX__ARI_ADDRESS": f"127.0.0.1:{self._ports.ari}",
            "CENTRALINO_PBX__ARI_PASSWORD_FILE": str(self._folders.secrets / "ari"),
            "CENTRALINO_PBX__MOST_CALLS": str(self._tree.up.max_calls),
            "CENTRALINO_AMI__ADDRESS": f"127.0.0.1:{self._ports.ami}",
            "CENTRALINO_PBX__SPOOL": str(self._folders.spool),
            "CENTRALINO_PBX__SOUNDS": str(self._folders.sounds),
            "CENTRALINO_CODES__KEY_FILE": str(self._folders.secrets / "codes"),
            "CENTRALINO_OUTBOX__FOLDER": str(self._folders.outbox / "ivr"),
            "CENTRALINO_AUDIO__FOLDER": str(self._folders.audio),
            "CENTRALINO_ATTACHMENTS__FOLDER": str(self._tree.kept_attachments().folder),
            "CENTRALINO_VOICEMAIL__MODELS_DIR": str(self._folders.models),
            "CENTRALINO_FALLBACK__SPOOL": str(self._folders.spool / "fallback"),
            "PYTHONUNBUFFERED": "1",
            # Only what was set: a default is every process's own.
            **{
                f"CENTRALINO_{part.upper()}__{name.upper()}": value if isinstance(value, str) else json.dumps(value)
                for part, values in (
                    ("ivr", self._tree.ivr),
                    ("queue", self._tree.queue),
                    ("hours", self._tree.hours),
                    ("terms", self._tree.terms),
                    ("clock", self._tree.clock),
                    ("retention", self._tree.retention),
                )
                for name, value in values.model_dump(mode="json", exclude_unset=True, exclude_none=True).items()
            },
        }

    def ami_environ(self, user: str) -> dict[str, str]:
        """As which AMI user a process of ours speaks; each user has a secret of its own."""
        return {
            "CENTRALINO_AMI__USER": user,
            "CENTRALINO_AMI__PASSWORD_FILE": str(self._folders.secrets / f"ami-{user}"),
        }

    def guard_environ(self) -> dict[str, str]:
        """What the guard alone is told: which Asterisk is the PBX, where it answers SIP, which disk must not fill up."""
        # An address to listen on may be "all"; to ask, one is needed.
        host = "127.0.0.1" if self._tree.up.sip_bind == "0.0.0.0" else self._tree.up.sip_bind  # noqa: S104
        return {
            "CENTRALINO_GUARD__ASTERISK_CONF": str(self._folders.asterisk / "etc" / "asterisk.conf"),
            "CENTRALINO_GUARD__RECORDINGS": str(self._folders.spool / "recording"),
            "CENTRALINO_GUARD__SIP_ADDRESS": f"{host}:{self._ports.sip}",
            "CENTRALINO_GUARD__TRUNK": "trunk" if self._tree.up.trunk_contact else "",
            "CENTRALINO_GUARD__DISKS": json.dumps([str(self._folders.data)]),
        }

    def ami(self, user: str) -> AmiSettings:
        """How to reach the PBX's manager interface as one of its users."""
        password = secret(self._folders.secrets, f"ami-{user}")
        return AmiSettings(address=f"127.0.0.1:{self._ports.ami}", user=user, password=SecretStr(password))

    def monitor_address(self, name: str) -> str:
        """Where one of our processes serves its health and metrics."""
        return f"127.0.0.1:{self._ports.monitors[name]}"

    def ours(self, name: str) -> Service:
        """One of our own processes. It is ready when it says so itself."""

        async def ready() -> None:
            await until(lambda: self.is_ready(name))

        environ = self.environ() | {"CENTRALINO_MONITOR__ADDRESS": self.monitor_address(name)}
        if name in SPEAK_AMI:
            environ |= self.ami_environ(name)
        if name == "queue":
            # Each process that must not lose a word has a folder of its own for what the database does not have yet.
            environ["CENTRALINO_OUTBOX__FOLDER"] = str(self._folders.outbox / "queue")
            environ["CENTRALINO_QUEUE__TRUNK"] = "trunk" if self._tree.up.trunk_contact else ""
        if name == "guard":
            environ |= self.guard_environ()
        return Service(name, [sys.executable, "-m", OURS[name]], ready, environ=environ, stop_within_s=15.0)

    async def is_ready(self, name: str) -> bool:
        """Whether one of our processes says that it would serve."""
        with suppress(OSError, TimeoutError):
            return (await fetch(self.monitor_address(name), "/ready", 2.0)).status == HTTPStatus.OK
        return False

    def redis(self) -> Service:
        """Redis with an append-only file, on a socket of its own."""

        async def ready() -> None:
            client = redis.asyncio.Redis(unix_socket_path=str(self.redis_socket))

            async def answers() -> bool:
                with suppress(redis.exceptions.RedisError):
                    return bool(await client.ping())
                return False

            await until(answers)
            await client.aclose()

        command = [
            _program("redis-server"), "--port", "0", "--unixsocket", str(self.redis_socket), "--unixsocketperm", "600",
            "--dir", str(self._folders.redis), "--appendonly", "yes", "--maxmemory-policy", "noeviction", "--save", "",
        ]  # fmt: skip
        return Service("redis", command, ready)

    def postgres(self) -> Service:
        """The private PostgreSQL cluster."""

        async def ready() -> None:
            await asyncio.to_thread(self._postgres.wait_ready, 20.0)

        return Service(
            "postgres", self._postgres.command(), ready, stop_command=self._postgres.stop_command(), stop_within_s=20.0
        )

    def asterisk(self, name: str, home: Path, settings: PbxSettings) -> Service:
        """An Asterisk over its home: the PBX, or the robot phones'."""

        async def ready() -> None:
            async def answers() -> bool:
                with suppress(CannotConnect, TimeoutError, AriError, AriTimeout, ConnectionLost):
                    found = await probe(settings, timeout_s=2.0)
                    return not found.missing
                return False

            await until(answers)

        start = [str(START), self._asterisk_root or "/", str(home), str(self._folders.sounds)]
        return Service(name, start, ready, stop_command=[*start, "-rx", "core stop now"])


def _program(name: str) -> str:
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/bin")
    if found is None:
        raise CannotStart(f"{name} is not installed: run `make setup`, which installs it")
    return found
