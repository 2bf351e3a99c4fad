"""A client that costs little, in a process of its own: ``python -m tests.bench.load PORT CLIENTS``.

Reads a JSON list of paths from standard input, asks for each of them once over connections that
are kept alive, and prints what came back.
"""

import asyncio
import json
import subprocess
import sys
from collections import deque
from dataclasses import asdict, dataclass
from functools import partial
from time import perf_counter

_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Load:
    """How many answers, their bytes, seconds in all, and percentiles of one in ms."""

    answers: int
    size: int
    wall_s: float
    p50_ms: float
    p99_ms: float


def load(port: int, paths: list[str], clients: int = 1, encoding: str = "identity") -> Load:
    """Ask for all paths by a process of its own.

    Raises
    ------
    SystemExit
        An answer was not 200.
    """
    command = [sys.executable, "-m", "tests.bench.load", str(port), str(clients), encoding]
    done = subprocess.run(
        command, check=False, input=json.dumps(paths), capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(done.stderr)
    return Load(**json.loads(done.stdout))


class _Client(asyncio.Protocol):
    def __init__(self, waiting: deque[bytes], times: list[float], done: asyncio.Event) -> None:
        self.size = 0
        self._waiting, self._times, self._done = waiting, times, done
        self._head, self._left, self._began = b"", -1, 0.0
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if not self._waiting:
            self._done.set()
            return
        self._head, self._left = b"", -1
        self._began = perf_counter()
        self._transport.write(self._waiting.popleft())

    def data_received(self, data: bytes) -> None:
        self.size += len(data)
        if self._left < 0:
            self._head += data
            at = self._head.find(_END)
            if at < 0:
                return
            head = self._head[:at].lower()
            if not head.startswith(b"http/1.1 200"):
                sys.exit(self._head[:500].decode("latin-1"))
            length = head.split(b"content-length:")[1].split(b"\r\n")[0]
            self._left = int(length) - (len(self._head) - at - len(_END))
        else:
            self._left -= len(data)
        if self._left == 0:
            self._times.append(perf_counter() - self._began)
            self._ask()


async def _run(port: int, paths: list[str], clients: int, encoding: str) -> Load:
    end = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept-Encoding: {encoding}\r\n\r\n"
    waiting = deque(f"GET {path}{end}".encode() for path in paths)
    times: list[float] = []
    events = [asyncio.Event() for _ in range(clients)]
    loop, began = asyncio.get_running_loop(), perf_counter()
    made = [
        await loop.create_connection(partial(_Client, waiting, times, event), "127.0.0.1", port)
        for event in events
    ]
    for event in events:
        await event.wait()
    wall = perf_counter() - began
    size = sum(client.size for _, client in made)
    for transport, _ in made:
        transport.close()
    times.sort()
    of = len(times) - 1
    return Load(len(times), size, wall, times[of // 2] * 1e3, times[of * 99 // 100] * 1e3)


if __name__ == "__main__":
    answer = asyncio.run(
        _run(int(sys.argv[1]), json.loads(sys.stdin.read()), int(sys.argv[2]), sys.argv[3])
    )
    sys.stdout.write(json.dumps(asdict(answer)))
