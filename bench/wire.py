"""A UDP socket whose packets carry the time at which the kernel received them: a busy event loop does not blur it."""

from __future__ import annotations

import asyncio
import socket
import struct
import time
from collections.abc import Callable

from bench.sip import Address

# <linux/socket.h>; Python's socket module does not name it.
SO_TIMESTAMPNS = 35
TIMESPEC = struct.Struct("@ll")
LARGEST = 4096


class Wire:
    """One socket on loopback. `on_packet(data, at)`: `at` is wall time in seconds, of the clock that `now` reads."""

    def __init__(self, on_packet: Callable[[bytes, float], None], host: str = "127.0.0.1") -> None:
        self._on_packet = on_packet
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.bind((host, 0))
        self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    @property
    def address(self) -> Address:
        """Where it listens."""
        host, port = self._socket.getsockname()
        return str(host), int(port)

    def send(self, data: bytes, to: Address) -> float:
        """Send one packet; returns when it left."""
        at = now()
        self._socket.sendto(data, to)
        return at

    def _read(self) -> None:
        while True:
            try:
                data, extra, _, _ = self._socket.recvmsg(LARGEST, socket.CMSG_SPACE(TIMESPEC.size))
            except BlockingIOError:
                return
            except ConnectionError:
                continue  # ICMP: a packet of ours came to a port that is closed
            stamp = next((value for _, kind, value in extra if kind == SO_TIMESTAMPNS), None)
            seconds, nanoseconds = TIMESPEC.unpack(stamp) if stamp else (now(), 0)
            self._on_packet(data, seconds + nanoseconds / 1e9)

    def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()


def now() -> float:
    """Seconds of the clock that the kernel stamps packets with."""
    return time.time()
