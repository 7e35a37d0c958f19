"""A private PostgreSQL cluster in a folder: made once, on a socket of its own, never on the network, never as root."""

from __future__ import annotations

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import psycopg
from psycopg import sql

from foundation.process import CannotStart

USER = "centralino"
SERVER_ACCOUNT = "postgres"
PORT = 5432
LONGEST_SOCKET_PATH = 107

_SETTINGS = {
    "listen_addresses": "",
    "max_connections": "100",
    "shared_buffers": "64MB",
    "work_mem": "4MB",
    "log_destination": "stderr",
    # Statements may hold callers' data, and the log is no place for it.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
_IN_A_HURRY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Cluster:
    """One cluster: data in `folder`, its socket in `sockets`. `durable=False` gives safety up for speed: tests only."""

    def __init__(self, folder: Path, sockets: Path, durable: bool = True) -> None:
        self._folder = folder.absolute()
        self._sockets = sockets.absolute()
        self._durable = durable

    def initialise(self) -> None:
        """Make the cluster where it is not there yet. Raises `CannotStart`."""
        self._check_socket_path()
        self._make_folders()
        if (self._folder / "PG_VERSION").exists():
            return
        command = [
            *self._guarded("initdb"), "-D", str(self._folder), f"--username={USER}", "--encoding=UTF8",
            "--locale=C.UTF-8", "--auth-local=trust", "--auth-host=reject", *([] if self._durable else ["--no-sync"]),
        ]  # fmt: skip
        made = subprocess.run(command, capture_output=True, text=True, check=False)
        if made.returncode:
            raise CannotStart(f"PostgreSQL could not make its cluster in {self._folder}: {made.stderr.strip()[-600:]}")

    def command(self) -> list[str]:
        """What to run, in the foreground. Stop it with `stop_command()`: a signal to this process may not reach the server."""
        settings = _SETTINGS | ({} if self._durable else _IN_A_HURRY)
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        # In a process namespace each server is process 2, so PostgreSQL's own lock file cannot tell a second one.
        lock = ["flock", "--nonblock", "--verbose", "--no-fork", str(self._lock_file)]
        return [*lock, *self._guarded("postgres"), "-D", str(self._folder), "-k", str(self._sockets), *options]

    def stop_command(self) -> list[str]:
        """What to run to stop the server at once and cleanly; it returns when the signal is sent."""
        return [sys.executable, "-m", "centralino.postgres", str(self._folder)]

    def url(self, database: str = "centralino") -> str:
        """The SQLAlchemy address of one of its databases."""
        return f"postgresql+psycopg://{USER}@/{database}?host={self._sockets}&port={PORT}"

    def wait_ready(self, timeout_s: float) -> None:
        """Return when the server takes connections. Raises `CannotStart` after `timeout_s` seconds."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                self._connect().close()
            except psycopg.OperationalError as error:
                if time.monotonic() > deadline:
                    raise CannotStart(f"PostgreSQL was not ready after {timeout_s:g} s: {error}") from None
                time.sleep(0.05)
            else:
                return

    def create_database(self, database: str = "centralino", template: str = "template1") -> None:
        """Make a database, a copy of `template`, unless it is there."""
        with self._connect() as connection:
            if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone() is None:
                names = (sql.Identifier(database), sql.Identifier(template))
                connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))

    def drop_database(self, database: str) -> None:
        """Remove a database with everything in it, whoever is connected."""
        with self._connect() as connection:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))

    def _connect(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            host=str(self._sockets), port=PORT, user=USER, dbname="postgres", autocommit=True, connect_timeout=5
        )

    @property
    def _lock_file(self) -> Path:
        return self._folder.with_name(self._folder.name + ".lock")

    def _check_socket_path(self) -> None:
        path = self._sockets / f".s.PGSQL.{PORT}"
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH:
            raise CannotStart(
                f"the path {path} is longer than {LONGEST_SOCKET_PATH} bytes, more than a socket's path may have: "
                "choose a data folder with a shorter path"
            )

    def _make_folders(self) -> None:
        for folder in (self._folder, self._sockets):
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            if os.geteuid() == 0:
                account = _server_account()
                os.chown(folder, account.pw_uid, account.pw_gid)

    def _guarded(self, program: str) -> list[str]:
        """The program's command; as root behind a wall, as the server's own account, which need not see the way to our folders."""
        binary = str(find_program(program))
        if os.geteuid() != 0:
            return [binary]
        wall = ["bwrap", "--unshare-pid", "--unshare-ipc", "--die-with-parent"]
        wall += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--tmpfs", "/", "--ro-bind", "/usr", "/usr"]
        for name in ("bin", "lib", "lib64", "sbin"):
            wall += ["--symlink", f"usr/{name}", f"/{name}"]
        wall += ["--ro-bind", "/etc", "/etc", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108
        for folder in (self._folder, self._sockets):
            for ancestor in reversed(folder.parents[:-1]):
                wall += ["--perms", "0755", "--dir", str(ancestor)]
        for folder in (self._folder, self._sockets):
            wall += ["--bind", str(folder), str(folder)]
        account = [f"--reuid={SERVER_ACCOUNT}", f"--regid={SERVER_ACCOUNT}", "--clear-groups"]
        return [*wall, "--", "setpriv", *account, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", binary]


def find_program(name: str) -> Path:
    """A program of PostgreSQL's: the newest of Debian's, else the one on PATH. Raises `CannotStart`."""
    versions = {
        int(found.group(1)): path
        for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
        if (found := re.fullmatch(r"(\d+)", path.parts[-3]))
    }
    if versions:
        return versions[max(versions)]
    on_path = shutil.which(name)
    if on_path is None:
        raise CannotStart(f"PostgreSQL's {name} is not installed: install Debian's package postgresql")
    return Path(on_path)


def stop(folder: Path) -> bool:
    """Stop the server whose data is in `folder`, at once and cleanly; False when none runs."""
    postmaster = find_postmaster(folder)
    if postmaster is None:
        return False
    os.kill(postmaster, signal.SIGINT)
    return True


def find_postmaster(folder: Path) -> int | None:
    """The process id, as seen from here, of the server whose data is in `folder`.

    Its pid file holds the number it has inside its namespace. Its workers rename themselves, so that only the server matches.
    """
    wanted = os.fsencode(folder.absolute())
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if Path(os.fsdecode(words[0])).name == "postgres" and words[1:3] == [b"-D", wanted]:
            return int(entry.name)
    return None


def _server_account() -> pwd.struct_passwd:
    try:
        return pwd.getpwnam(SERVER_ACCOUNT)
    except KeyError:
        raise CannotStart(
            f"PostgreSQL does not run as root and the account {SERVER_ACCOUNT} is missing: install Debian's package postgresql"
        ) from None


if __name__ == "__main__":
    raise SystemExit(0 if stop(Path(sys.argv[1])) else 1)
