"""Time from a film's arrival in an archive to its report's, send = on-read, beside the time of assess alone, in one run.

    python benchmarks/pacs.py FILM.dcm --sex male --out results/pacs.csv

FILM is a DICOM film of one hand; without it a phantom is drawn. A real Orthanc on loopback sends each copy of it to the listener
as soon as it has stored it, and a worker reads it: archive, listener with sender, and worker are processes of their own. Medians
of 30. Ren (2018) fetched, read and answered in about 1.5 s. Run it on an otherwise idle machine.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import multiprocessing
import os
import socket
import statistics
import subprocess
import sys
import time
from datetime import date
from multiprocessing.synchronize import Event
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import requests
from pydicom import dcmread
from pydicom.uid import generate_uid

from boneage import REFERENCE, Sex, assess
from boneage.phantom import draw, write_dicom
from boneage.report.dicom import REPORT
from boneage.serve.dicom.network import Network
from boneage.serve.settings import CStore, Listener, Send, Settings
from boneage.serve.site import open_site

TIMES = 30
ON_STORED = (
    "function OnStoredInstance(id, tags, meta, origin) if tags.Modality ~= 'SR' then SendToModality(id, 'boneage') end end"
)


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def start_archive(folder: Path, http: int, dicom: int, ours: int) -> subprocess.Popen[bytes]:
    """A real Orthanc that sends each film on."""
    (folder / "send.lua").write_text(ON_STORED)
    config: dict[str, Any] = {
        "StorageDirectory": str(folder / "files"),
        "IndexDirectory": str(folder / "files"),
        "HttpPort": http,
        "DicomPort": dicom,
        "DicomAet": "ORTHANC",
        "DicomAlwaysAllowStore": True,
        "DicomModalities": {"boneage": ["BONEAGE", "127.0.0.1", ours]},
        "LuaScripts": [str(folder / "send.lua")],
    }
    (folder / "orthanc.json").write_text(json.dumps(config))
    process = subprocess.Popen(["Orthanc", str(folder / "orthanc.json")], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while True:
        try:
            requests.get(f"http://127.0.0.1:{http}/system", timeout=1).raise_for_status()
            return process
        except requests.RequestException:
            time.sleep(0.2)


def work(settings: Settings, stop: Event) -> None:
    """A worker as the service starts it."""
    worker = open_site(settings).worker
    while not stop.is_set():
        if not worker.step():
            time.sleep(0.05)


def serve(settings: Settings, stop: Event) -> None:
    """Listener and sender as the service starts them."""
    network = Network(open_site(settings))
    network.start()
    stop.wait()
    network.stop()


def copies(film: Path, sex: Sex) -> list[bytes]:
    """The film as so many studies, and one to warm up."""
    one, made = dcmread(film), []
    one.PatientSex = "F" if sex is Sex.FEMALE else "M"
    one.Modality, one.BodyPartExamined = one.get("Modality", "CR"), "HAND"
    for _ in range(TIMES + 1):
        one.StudyInstanceUID, one.SeriesInstanceUID, one.SOPInstanceUID = (generate_uid() for _ in range(3))
        one.file_meta.MediaStorageSOPInstanceUID = one.SOPInstanceUID
        file = io.BytesIO()
        one.save_as(file, enforce_file_format=True)
        made.append(file.getvalue())
    return made


def round_trip(url: str, film: bytes, expected: int) -> float:
    """Seconds from the answer to the film's store until one more report is in the archive."""
    requests.post(f"{url}/instances", data=film, timeout=60).raise_for_status()
    began = time.perf_counter()
    query = {"Level": "Instance", "Query": {"SOPClassUID": REPORT.sop_class}}
    while len(requests.post(f"{url}/tools/find", json=query, timeout=60).json()) < expected:
        time.sleep(0.01)
        if time.perf_counter() - began > 300:
            raise SystemExit("no report came back")
    return time.perf_counter() - began


def processor_seconds(*processes: int) -> float:
    """What they have used so far; on a busy machine it says more than the clock."""
    ticks = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def measure(film: Path, sex: Sex, folder: Path) -> dict[str, float]:
    http, dicom, ours = free_port(), free_port(), free_port()
    archive = CStore(kind="c-store", name="archive", ae_title="ORTHANC", host="127.0.0.1", port=dicom, formats=("sr",))
    settings = Settings(
        folder=folder / "site",
        send=Send.ON_READ,
        listener=Listener(port=ours, accepted=("ORTHANC",)),
        destinations=(archive,),
    )
    open_site(settings).engine.dispose()
    context = multiprocessing.get_context("spawn")
    stop = context.Event()
    processes = [context.Process(target=target, args=(settings, stop)) for target in (serve, work)]
    orthanc = start_archive(folder, http, dicom, ours)
    trips, alone, worked = [], [], []
    try:
        for process in processes:
            process.start()
        while socket.socket().connect_ex(("127.0.0.1", ours)):
            time.sleep(0.2)
        for number, data in enumerate(copies(film, sex), start=1):
            before = processor_seconds(orthanc.pid, *(process.pid or 0 for process in processes))
            trips.append(round_trip(f"http://127.0.0.1:{http}", data, number))
            worked.append(processor_seconds(orthanc.pid, *(process.pid or 0 for process in processes)) - before)
            (folder / "film.dcm").write_bytes(data)
            began = time.perf_counter()
            assess(folder / "film.dcm", sex=sex)
            alone.append(time.perf_counter() - began)
    finally:
        stop.set()
        for process in processes:
            process.join(30)
        orthanc.terminate()
        orthanc.wait(30)
    return {
        "store to SR back": statistics.median(trips[1:]),
        "processor time of it": statistics.median(worked[1:]),
        "assess alone": statistics.median(alone[1:]),
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("film", type=Path, nargs="?", default=None)
    arguments.add_argument("--sex", type=Sex, default=Sex.FEMALE)
    arguments.add_argument("--out", type=Path, default=None)
    chosen = arguments.parse_args()
    with TemporaryDirectory() as name:
        film = chosen.film or write_dicom(draw(100, chosen.sex, seed=3, size=(2000, 1500)), Path(name) / "hand.dcm")
        pixels = dcmread(film, stop_before_pixels=True)
        rows = measure(film, chosen.sex, Path(name))
    for step, spent in rows.items():
        sys.stdout.write(f"{step:22}{spent:8.3f} s\n")
    if chosen.out:
        with chosen.out.open("w", newline="") as lines:
            writer = csv.writer(lines, lineterminator="\n")
            writer.writerow(("step", "median_seconds", "times", "film_height", "film_width", "system", "date"))
            origin = (TIMES, pixels.Rows, pixels.Columns, REFERENCE.name, date.today().isoformat())
            writer.writerows((step, f"{spent:.4f}", *origin) for step, spent in rows.items())


if __name__ == "__main__":
    main()
