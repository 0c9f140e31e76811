"""A small server for test_killed: takes films in and reads them until it is killed. A program that forks, and so starts fast.

    python killed.py URL FOLDER FILMS RESTARTS SEED

Each restart: one process that sends the films that nobody has promised to keep, through the intake, and writes the id of each
after `take` returned; one that reads. After a random moment both are killed, or only one of them and then both.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from boneage.pipeline import settle_sex
from boneage.serve.intake import Intake
from boneage.serve.mapping import DEFAULT
from boneage.serve.retention import clear
from boneage.serve.settings import Send, Stow
from boneage.serve.spool import Spool
from boneage.serve.states import Origin
from boneage.serve.store import engine
from boneage.serve.store.worklist import Worklist
from boneage.serve.worker import Worker
from boneage.systems import REFERENCE, System
from boneage.types import Assessment, Estimate, Prepared, Radiograph, Sex

ARCHIVE = Stow(kind="stow", name="web", url="https://pacs.example", formats=("sr",))
LONGEST_LIFE = 0.15  # seconds, for each of both
Site = tuple[str, Path]  # URL of the database, folder


def quick(radiograph: Radiograph, system: System, sex: Sex | None) -> Assessment:
    """An answer without networks, after a moment."""
    time.sleep(0.002)
    (settled,), source, flags = settle_sex(radiograph, sex, system)
    estimate = Estimate(settled, 100.0, (90.0, 110.0), 0.9, 5.0, np.full(240, 1 / 240))
    return Assessment(radiograph, Prepared((), ()), (estimate,), source, system.name, system.weights, flags, 0.002)


class Server:
    """What one process has of the site."""

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        self.worklist = Worklist(engine.open_engine(url))
        self.spool = Spool(folder / "spool")
        self.intake = Intake(self.spool, self.worklist, DEFAULT)
        self.worker = Worker(self.worklist, self.spool, REFERENCE, (ARCHIVE,), Send.ON_READ, ask=quick)

    def start(self) -> None:
        """As the service does before anything else."""
        self.spool.sweep()
        clear(self.worklist, self.spool)
        self.worklist.release_all()
        self.intake.adopt()

    def send(self, films: list[Path]) -> None:
        with (self.folder / "promised").open("a") as promised:
            done = set((self.folder / "promised").read_text().split())
            for film in films:
                if film.name not in done:
                    received = self.intake.take(film.read_bytes(), origin=Origin.STORED, sender="MODALITY")
                    promised.write(f"{film.name} {received.film_id}\n")
                    promised.flush()

    def read(self) -> None:
        while True:
            if not self.worker.step():
                time.sleep(0.005)


def forked(site: Site, work: Callable[[Server], object]) -> int:
    """A process that does it once it is told of as ready, and then waits to be killed."""
    ready, says = os.pipe()
    child = os.fork()
    if child:
        os.close(says)
        os.read(ready, 1)
        os.close(ready)
        return child
    try:
        server = Server(*site)
        os.close(says)
        work(server)
        time.sleep(60)
    except BaseException as error:  # noqa: BLE001
        print(f"ended by itself: {type(error).__name__}", file=sys.stderr, flush=True)  # noqa: T201
    os._exit(1)


def main(site: Site, films: list[Path], restarts: int, dice: random.Random) -> None:
    (site[1] / "promised").touch()
    for _ in range(restarts):
        starting = forked(site, lambda server: (server.start(), os._exit(0)))
        if dice.random() < 0.2:  # killed while it starts
            time.sleep(dice.uniform(0, 0.05))
            os.kill(starting, signal.SIGKILL)
        if os.waitpid(starting, 0)[1] != 0:
            continue
        both = [forked(site, lambda server: server.send(films)), forked(site, Server.read)]
        dice.shuffle(both)
        for child in both:
            time.sleep(dice.uniform(0, LONGEST_LIFE))
            os.kill(child, signal.SIGKILL)
        for child in both:
            os.waitpid(child, 0)


if __name__ == "__main__":
    url, folder, sending, restarts, seed = sys.argv[1:]
    engine.migrate = lambda _: None  # the tables are there
    main((url, Path(folder)), sorted(Path(sending).iterdir()), int(restarts), random.Random(int(seed)))
