"""Every kind of bad input in one batch: each has its line, the good film is read, the exit code tells, nothing is lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from films import dataset, film, jpeg, png, save, stored
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from boneage.phantom import Phantom, write_dicom

SR, PRESENTATION_STATE = "1.2.840.10008.5.1.4.1.1.88.33", "1.2.840.10008.5.1.4.1.1.11.1"


def without_pixels(path: Path, sop_class: str) -> None:
    report = Dataset()
    report.SOPClassUID, report.SOPInstanceUID, report.PatientID = sop_class, "2.25.1", "SECRET-ID"
    report.file_meta = FileMetaDataset()
    report.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    report.save_as(path, enforce_file_format=True)


@pytest.fixture(scope="module")
def batch(tmp_path_factory: pytest.TempPathFactory, girl: Phantom) -> dict[Path, str]:
    """Path -> the kind of its error; an empty kind for the film that is read."""
    folder = tmp_path_factory.mktemp("batch")
    rng = np.random.default_rng(0)
    big = (np.clip(girl.pixels, 0, 1) * 255).astype(np.uint8)
    contents = {
        "empty.dcm": (b"", "empty-file"),
        "text.png": (b"a report, not a film\n" * 50, "not-an-image"),
        "cut.png": (png(big)[:5000], "truncated"),
        "cut.jpg": (jpeg(big)[:3000], "truncated"),
        "cut.dcm": (film()[:-4000], "truncated"),
        "multi.dcm": (save(dataset(stored(12), bits=12, NumberOfFrames=3)), "unsupported"),
        "pixel.png": (png(np.zeros((1, 1), np.uint8)), "too-small"),
        "blank.png": (png(np.full((400, 300), 128, np.uint8)), "blank"),
        "noise.png": (png((rng.random((400, 300)) * 255).astype(np.uint8)), "no-hand"),
    }
    kinds = {}
    for name, (data, kind) in contents.items():
        (folder / name).write_bytes(data)
        kinds[folder / name] = kind
    colors = np.stack([np.roll(big, 60 * k, axis=k % 2) for k in range(3)], axis=2)
    Image.fromarray(colors).save(folder / "photo.jpg")
    nan = np.full((200, 200), np.nan, np.float32)
    Image.fromarray(nan).save(folder / "nan.tif")
    without_pixels(folder / "report.dcm", SR)
    without_pixels(folder / "state.dcm", PRESENTATION_STATE)
    (folder / "bomb.png").write_bytes(_bomb(40_000))
    (folder / "folder.dcm").mkdir()
    os.mkfifo(folder / "pipe.png")
    write_dicom(girl, folder / "good.dcm")
    more = {"photo.jpg": "color-photograph", "nan.tif": "bad-pixels", "report.dcm": "no-pixels", "state.dcm": "no-pixels"}
    more |= {
        "bomb.png": "too-large",
        "folder.dcm": "not-found",
        "pipe.png": "not-a-file",
        "absent.dcm": "not-found",
        "good.dcm": "",
    }
    return kinds | {folder / name: kind for name, kind in more.items()}


def _bomb(side: int) -> bytes:
    """A PNG header that promises side x side pixels."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def test_each_gets_its_line_and_the_rest_goes_on(batch: dict[Path, str], tmp_path: Path) -> None:
    command = [sys.executable, "-m", "boneage", "assess", *map(str, batch), "--sex", "female", "--json", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["file"] for record in records] == [str(path) for path in batch]
    found = {Path(record["file"]).name: (record["error"] or {"kind": ""})["kind"] for record in records}
    assert found == {path.name: kind for path, kind in batch.items()}
    for record in records:
        if record["error"]:
            assert record["bone_age_months"] is None
            assert "expected" in record["error"]["message"]
            assert len(record["error"]["message"]) > 40
        assert "SECRET" not in json.dumps(record)
    kept = [json.loads(line) for line in (tmp_path / "assessments.jsonl").read_text().splitlines()]
    assert kept == records
