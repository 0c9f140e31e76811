"""The service under load: time to answer and failures against the rate of requests, and how long an upload waits to be read.

    python benchmarks/load.py --seconds 60 --out results/load.csv
    python benchmarks/load.py --database postgresql://USER@HOST/EMPTY --workers 4 --rates 1 5 20 50

`boneage serve` runs as it does in a hospital, one server process and its workers, on loopback in a folder that is deleted
afterwards, with drawn hands. Requests leave at their moment whether or not those before were answered, and their time counts from
that moment: a server that stalls cannot hide it. What a rate cannot keep up with, higher rates are spared. A busy machine gives
longer times; the processor time of a request is the same, and stands beside. Run it on an otherwise idle one.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import io
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np
from processes import memory_mib, processor_seconds
from pydicom import dcmread
from pydicom.uid import generate_uid

from boneage import Sex
from boneage.phantom import draw, write_dicom
from boneage.serve.accounts import Accounts
from boneage.serve.store.engine import open_engine
from boneage.serve.store.records import Role, User

USER, PASSWORD = "load", "load-load-load-load"
SEEDS = 6  # films that are read before the load begins
SLOW_SECONDS = 3.0  # a median beyond it: the rate is more than the service answers
TIMEOUT_SECONDS = 60.0
RATES = (1.0, 4.0, 16.0)  # requests a second

Ask = Callable[[int], Awaitable[httpx2.Response]]


@dataclass(frozen=True)
class Line:
    """Of one kind of request at one rate. Times in seconds."""

    request: str
    rate: float  # asked for, a second
    answered: float  # a second, until the last answer
    count: int
    errors: int
    p50: float
    p90: float
    p99: float
    slowest: float
    processor: float  # of the whole service, a request


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def served(folder: Path, chosen: argparse.Namespace) -> Iterator[tuple[str, int]]:
    """The service's address and process."""
    port, database = free_port(), chosen.database or f"sqlite:///{folder}/site/boneage.sqlite"
    settings = {"folder": str(folder / "site"), "database": database}
    tables = {
        "web": {"port": port, "request_seconds": TIMEOUT_SECONDS},
        "reads": {"workers": chosen.workers, "maps": chosen.maps},
    }
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    for name, table in tables.items():
        lines += [f"[{name}]", *(f"{key} = {json.dumps(value)}" for key, value in table.items())]
    (folder / "site.toml").write_text("\n".join(lines))
    engine = open_engine(database)
    Accounts(engine).add(User(USER, USER, Role.ADMIN), PASSWORD, actor="benchmark")
    engine.dispose()
    command = [sys.executable, "-c", "from boneage.cli import main; main()", "serve", "--settings", str(folder / "site.toml")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + 120
        while not _answers(url):
            if process.poll() is not None or time.monotonic() > until:
                raise SystemExit("the service did not start")
            time.sleep(0.2)
        yield url, process.pid
    finally:
        process.terminate()
        process.wait(90)


def _answers(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", timeout=5).is_success
    except httpx2.TransportError:
        return False


def a_film(folder: Path) -> bytes:
    """A girl's hand of 1,500 x 2,000 pixels; each upload is made a film of its own."""
    return write_dicom(draw(100, Sex.FEMALE, seed=3, size=(2000, 1500)), folder / "hand.dcm").read_bytes()


def anew(film: bytes) -> bytes:
    one = dcmread(io.BytesIO(film))
    one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID = (generate_uid() for _ in range(3))
    one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
    one.save_as(file := io.BytesIO(), enforce_file_format=True)
    return file.getvalue()


class Load:
    """Requests of one user, and what became of the films that were sent."""

    def __init__(self, client: httpx2.AsyncClient, service: int, film: bytes) -> None:
        self.client, self.service, self.film = client, service, film
        self.sent: dict[str, float] = {}  # film id -> when, by the clock on the wall
        self.films: list[str] = []  # that are read, and their readings
        self.readings: list[str] = []

    async def sign_in(self) -> None:
        answer = await self.client.post("/api/v1/session", json={"name": USER, "password": PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['token']}"

    async def send(self, data: bytes) -> httpx2.Response:
        began = time.time()
        answer = await self.client.post("/api/v1/films", files={"files": ("film.dcm", data)})
        if answer.is_success:
            self.sent[answer.json()[0]["id"]] = began
        return answer

    async def open_case(self, number: int) -> httpx2.Response:
        """What a reader's browser asks for: the page, the film's grays and what is drawn on them. The worst of the answers."""
        film = self.films[number % SEEDS]
        page = await self.client.get(f"/films/{film}")
        ways = [f"/api/v1/films/{film}/{part}" for part in ("grays", "drawing")]
        return max(page, *await asyncio.gather(*map(self.client.get, ways)), key=lambda answer: answer.status_code)

    async def all_read(self) -> list[float]:
        """Waits until every film that was sent is read; seconds from each one's sending to its reading."""
        while (await self.client.get("/health")).raise_for_status().json()["waiting"]:
            await asyncio.sleep(0.2)
        spent = []
        for film_id, began in self.sent.items():
            reading = (await self.client.get(f"/api/v1/films/{film_id}")).raise_for_status().json()["reading"]
            self.films.append(film_id)
            self.readings.append(reading["uid"])
            spent.append(datetime.fromisoformat(reading["made_at"]).timestamp() - began)
        self.sent.clear()
        return spent

    def kinds(self, uploads: list[bytes]) -> dict[str, Ask]:
        """By name. `uploads` are prepared before, so that the asker's own work does not count."""

        def report(form: str) -> Ask:
            return lambda number: self.client.get(f"/api/v1/readings/{self.readings[number % SEEDS]}/reports/{form}")

        return {
            "worklist": lambda _: self.client.get("/api/v1/films", params={"most": 50}),
            "worklist page": lambda _: self.client.get("/worklist/rows"),
            "case opened": self.open_case,
            "report text": report("text"),
            "report sr": report("sr"),
            "report pdf": report("pdf"),
            "assess": lambda _: self.client.post("/api/v1/assess", files={"file": ("film.dcm", self.film)}),
            "upload": lambda _: self.send(uploads.pop()),
        }

    async def run(self, name: str, ask: Ask, rate: float, seconds: float) -> Line:
        """So many a second for so long, and until all are answered."""
        before, began = processor_seconds(self.service), time.perf_counter()
        count = max(round(rate * seconds), 1)
        spent, ended = [0.0] * count, [began] * count
        failures = 0

        async def one(number: int) -> None:
            nonlocal failures
            planned = began + number / rate
            await asyncio.sleep(planned - time.perf_counter())
            try:
                failures += not (await ask(number)).is_success
            except httpx2.TransportError:
                failures += 1
            ended[number] = time.perf_counter()
            spent[number] = ended[number] - planned

        await asyncio.gather(*map(one, range(count)))
        worked = processor_seconds(self.service) - before
        return line(name, rate, spent, failures, count / (max(ended) - began), worked / count)


def line(name: str, rate: float, spent: list[float], failures: int, answered: float, processor: float) -> Line:
    half, most, nearly, all_of_them = (float(one) for one in np.percentile(spent, [50, 90, 99, 100]))
    return Line(name, rate, answered, len(spent), failures, half, most, nearly, all_of_them, processor)


async def measure(url: str, service: int, film: bytes, chosen: argparse.Namespace) -> list[Line]:
    """Every kind at every rate that it keeps up with; the total of the planned times is `seconds`."""
    lines: list[Line] = []
    limits = httpx2.Limits(max_connections=256, max_keepalive_connections=64)
    async with httpx2.AsyncClient(base_url=url, timeout=TIMEOUT_SECONDS, limits=limits) as client:
        load = Load(client, service, film)
        await load.sign_in()
        for _ in range(SEEDS):
            (await load.send(anew(film))).raise_for_status()
        await load.all_read()  # the workers, and their networks, are there
        kinds = chosen.kinds or list(load.kinds([]))
        each = chosen.seconds / (len(kinds) * len(chosen.rates))
        for name in kinds:
            await load.run(name, load.kinds([anew(film)])[name], 1.0, 1.0)  # the first of its kind loads what it needs
            await load.all_read()
            for rate in chosen.rates:
                uploads = [anew(film) for _ in range(max(round(rate * each), 1))] if name == "upload" else []
                lines.append(one := await load.run(name, load.kinds(uploads)[name], rate, each))
                tell(one)
                if name == "upload":
                    began, before = time.perf_counter(), processor_seconds(service)
                    waited = await load.all_read()
                    worked = (processor_seconds(service) - before) / len(waited) + one.processor
                    total = time.perf_counter() - began + one.count / one.answered
                    lines.append(
                        read := line("upload to reading", rate, waited, one.count - len(waited), len(waited) / total, worked)
                    )
                    tell(read)
                    one = read
                if one.errors or one.p50 > SLOW_SECONDS:
                    break
    return lines


def tell(one: Line) -> None:
    times = "".join(f"{1000 * spent:9.0f}" for spent in (one.p50, one.p90, one.p99, one.slowest, one.processor))
    sys.stdout.write(f"{one.request:18}{one.rate:7g}/s{one.answered:8.1f}/s{one.count:6}{one.errors:5}{times}\n")
    sys.stdout.flush()


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--seconds", type=float, default=60.0, help="of load, all kinds and rates together")
    arguments.add_argument("--rates", type=float, nargs="+", default=RATES)
    arguments.add_argument("--kinds", nargs="+", default=None, help="worklist, report pdf, upload, ...")
    arguments.add_argument("--workers", type=int, default=max((os.cpu_count() or 2) - 1, 1))
    arguments.add_argument("--maps", action="store_true", help="heat maps are made meanwhile, as the service does by default")
    arguments.add_argument("--database", default="", help="an empty PostgreSQL; default: SQLite in the folder")
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    chosen.rates = sorted(chosen.rates)
    busy, cores = os.getloadavg()[0], os.cpu_count() or 1
    if busy > cores / 4:
        sys.stdout.write(f"this machine is busy (load {busy:.1f} on {cores} cores): the times are too long\n")
    sys.stdout.write("request              rate  answered count  err  p50 ms   p90 ms   p99 ms  slowest processor\n")
    with TemporaryDirectory() as name, served(Path(name), chosen) as (url, service):
        lines = asyncio.run(measure(url, service, a_film(Path(name)), chosen))
        memory = memory_mib(service)
    sys.stdout.write(f"MiB by process: {' '.join(f'{one:.0f}' for one in memory)}\n")
    if chosen.out:
        write(chosen.out, lines, (chosen.workers, chosen.database.split(":")[0] or "sqlite", cores, f"{busy:.1f}"), memory)


def write(path: Path, lines: list[Line], machine: tuple[Any, ...], memory: list[float]) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        origin = ("workers", "database", "cores", "load_before", "largest_mib", "date")
        writer.writerow((*(field.name for field in fields(Line)), *origin))
        told = (*machine, f"{memory[0]:.0f}", date.today().isoformat())
        for one in lines:
            writer.writerow((*(f"{value:.4f}" if isinstance(value, float) else value for value in astuple(one)), *told))


if __name__ == "__main__":
    main()
