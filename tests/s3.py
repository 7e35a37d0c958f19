"""A real S3-compatible service for tests: SeaweedFS, one process over a folder of its own, on loopback."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import monotonic, sleep
from urllib.error import URLError
from urllib.request import urlopen

from pydantic import SecretStr

from ticket_core.attachments.settings import BucketSettings

ACCESS, SECRET = "test-access", "test-secret"
ROLES = ("master", "volume", "filer", "s3")
READY_WITHIN_S = 60


def settings(endpoint: str, prefix: str) -> BucketSettings:
    """How the rooms reach it; each prefix is a store of its own."""
    secret = SecretStr(SECRET)
    return BucketSettings(
        endpoint=endpoint, bucket="attachments", prefix=prefix, access_key=ACCESS, secret_key=secret, retries=1
    )


@contextmanager
def s3_service() -> Iterator[str]:
    """Its address. The bucket is there as soon as something is put into it."""
    folder = Path(tempfile.mkdtemp(prefix="centralino-s3-"))
    weed = Path(sys.executable).with_name("weed")
    names = [f"{role}.port{kind}" for role in ROLES for kind in ("", ".grpc")]
    named = dict(zip(names, free_ports(len(names)), strict=True))
    command = [
        str(weed), "-logtostderr=true", "server", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
        "-filer", "-s3", "-s3.iam=false", "-s3.port.iceberg=0", "-s3.port.lance=0",
        "-volume.max=16", "-master.volumeSizeLimitMB=64", "-master.telemetry=false",
        f"-filer.localSocket={folder}/filer.sock", f"-s3.localSocket={folder}/s3.sock",
        *(f"-{name}={port}" for name, port in named.items()),
    ]  # fmt: skip
    keys = {"AWS_ACCESS_KEY_ID": ACCESS, "AWS_SECRET_ACCESS_KEY": SECRET}
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log, env=os.environ | keys)
        try:
            endpoint = f"http://127.0.0.1:{named['s3.port']}"
            wait_ready(server, endpoint, folder / "log")
            yield endpoint
        finally:
            # Nothing in it is to be kept: a clean stop would take it half a minute.
            server.kill()
            server.wait(20)
            shutil.rmtree(folder)
            for role in ROLES:
                Path(f"/tmp/seaweedfs-{role}-grpc-{named[f'{role}.port.grpc']}.sock").unlink(missing_ok=True)


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on now."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def wait_ready(server: subprocess.Popen[bytes], endpoint: str, log: Path) -> None:
    """Return when it answers. Raises RuntimeError with its last words."""
    deadline = monotonic() + READY_WITHIN_S
    while server.poll() is None and monotonic() < deadline:
        with suppress(URLError, ConnectionError), urlopen(f"{endpoint}/healthz", timeout=2):
            return
        sleep(0.1)
    raise RuntimeError(f"SeaweedFS does not answer; its last words: {log.read_text('utf-8')[-2000:]}")
