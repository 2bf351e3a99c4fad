"""The demo city as tests use it: built once, stored once, served on a free port."""

import fcntl
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import uvicorn

from api.app import create_app
from api.settings import Settings
from data.city.truth import CityTruth, Planted, Register
from data.make_city import make_city
from layers.ingest.directory import import_files
from layers.merging import merge_directory
from layers.municipality import load_municipality
from layers.registry import find_layers

PARCELS, SEED = 800, 1
LAYERS = ("alkis", "property_tax", "trade_tax", "trees", "road_damage", "cemetery", "terrain")


@dataclass(frozen=True)
class DemoCity:
    """The registers' files, one folder per layer, and what they hold."""

    path: Path
    truth: CityTruth

    def files(self, layer: str) -> list[Path]:
        """Return the files of one register."""
        return sorted((self.path / layer).iterdir())


def once(path: Path, build: Callable[[Path], object]) -> Path:
    """Return a folder that is built by whoever comes first; the others wait for it."""
    done = path.with_suffix(".done")
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            build(path)
            done.touch()
    return path


def open_city(base: Path) -> DemoCity:
    """Make the city below a folder, or read what another worker made there."""
    path = once(base / "demo_city", lambda folder: make_city(folder, PARCELS, SEED))
    told = json.loads((path / "truth.json").read_text(encoding="utf-8"))
    truth = CityTruth(**{name: told[name] for name in CityTruth.__dataclass_fields__})
    truth.registers = {name: Register(**register) for name, register in told["registers"].items()}
    truth.planted = [Planted(**p | {"parcels": tuple(p["parcels"])}) for p in told["planted"]]
    return DemoCity(path, truth)


def store_city(city: DemoCity, data: Path) -> None:
    """Import all registers of the city into a data directory and link them."""
    registry, profile = find_layers(), load_municipality("krefeld")
    for layer in LAYERS:
        import_files(data, registry, profile, layer, city.files(layer))
    merge_directory(data, registry, profile)


@contextmanager
def serving(data: Path, **settings: object) -> Iterator[str]:
    """Serve a data directory on a free loopback port; yield the base URL."""
    # The protocol is named so that asyncio switches off the delay of small packets.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        chosen = Settings.model_validate(
            {"data_dir": data, "port": listener.getsockname()[1], "synthetic": True, **settings}
        )
        config = uvicorn.Config(
            create_app(chosen), log_config=None, ws="none", lifespan="on", server_header=False
        )
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        deadline = monotonic() + 20
        while not server.started:
            if monotonic() > deadline or not thread.is_alive():
                raise RuntimeError("the server did not start")
            sleep(0.01)
        try:
            yield f"http://127.0.0.1:{chosen.port}"
        finally:
            server.should_exit = True
            thread.join(20)
