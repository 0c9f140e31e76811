"""Bad input: one error family, nothing on stderr, no waiting, no memory taken."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from films import IDENTIFIER, NAME, dataset, film, jpeg, png, raster, save, stored
from pydicom import uid

from boneage.errors import BoneAgeError, Kind
from boneage.read import read


def refused(source: Path | bytes) -> BoneAgeError:
    with pytest.raises(BoneAgeError) as caught:
        read(source)
    return caught.value


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", Kind.EMPTY),
        (b"id,boneage,male\n1,180,True\n", Kind.NOT_AN_IMAGE),
        (b"\x89PNG\r\n\x1a\n", Kind.TRUNCATED),
        (b"\xff\xd8\xff\xe0", Kind.TRUNCATED),
        (bytes(128) + b"DICM", Kind.NOT_AN_IMAGE),
        (bytes(5000), Kind.NOT_AN_IMAGE),
        (b"%PDF-1.7 ...", Kind.NOT_AN_IMAGE),
        (b"BM or not BM, that is the question", Kind.NOT_AN_IMAGE),
    ],
)
def test_what_is_no_film(data: bytes, kind: Kind, tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    path.write_bytes(data)
    assert refused(path).kind is kind
    assert refused(data).kind is kind


def test_text_is_not_quoted() -> None:
    assert "text file" in str(refused(b"Jane Doe, born 2004"))
    assert "Jane" not in str(refused(b"Jane Doe, born 2004"))


def test_suffix_does_not_count(tmp_path: Path) -> None:
    for name, data in (("film.txt", film()), ("film.png", jpeg(stored(8))), ("film", png(stored(8)))):
        (tmp_path / name).write_bytes(data)
        assert read(tmp_path / name).size == stored(8).shape


def test_paths_that_are_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder.dcm"
    folder.mkdir()
    os.mkfifo(tmp_path / "pipe.dcm")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "broken").symlink_to(tmp_path / "nowhere")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path)  # the name of a socket is short
        server.bind("socket")
        assert refused(tmp_path / "socket").kind is Kind.NOT_A_FILE
    assert refused(folder).kind is Kind.NOT_A_FILE
    assert refused(tmp_path / "pipe.dcm").kind is Kind.NOT_A_FILE
    assert refused(Path("/dev/zero")).kind is Kind.NOT_A_FILE
    assert refused(tmp_path / "loop").kind is Kind.NOT_READABLE
    assert refused(tmp_path / "broken").kind is Kind.NOT_FOUND
    assert refused(tmp_path / "absent.png").kind is Kind.NOT_FOUND
    assert refused(tmp_path / "nul\0.png").kind is Kind.NOT_READABLE
    assert refused(tmp_path / "broken" / "film.png").kind in {Kind.NOT_FOUND, Kind.NOT_READABLE}


def test_permission_denied(open_folder: Path) -> None:
    path = open_folder / "film.png"
    path.write_bytes(png(stored(8)))
    path.chmod(0)
    assert refused(path).kind is Kind.NOT_READABLE


def test_oversized_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "film.dcm"
    with path.open("wb") as file:
        file.truncate(2**30 + 1)  # sparse
    assert refused(path).kind is Kind.TOO_LARGE


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_bomb(side: int) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(10**6))) + chunk(b"IEND", b"")


def jpeg_bomb(side: int) -> bytes:
    data = jpeg(stored(8))
    at = data.index(b"\xff\xc0")
    return data[: at + 5] + struct.pack(">HH", side, side) + data[at + 9 :]


def tiff_bomb(side: int) -> bytes:
    data = raster(stored(8), "TIFF")
    for tag in (256, 257):
        at = (
            data.index(struct.pack("<HHI", tag, 4, 1))
            if struct.pack("<HHI", tag, 4, 1) in data
            else data.index(struct.pack("<HHI", tag, 3, 1))
        )
        data = data[:at] + struct.pack("<HHII", tag, 4, 1, side) + data[at + 12 :]
    return data


@pytest.mark.parametrize("side", [10_001, 40_000])  # below and beyond the limit at which Pillow itself refuses
@pytest.mark.parametrize("bomb", [png_bomb, jpeg_bomb, tiff_bomb])
def test_header_bombs(bomb: Callable[[int], bytes], side: int) -> None:
    assert refused(bomb(side)).kind is Kind.TOO_LARGE


def valid() -> dict[str, bytes]:
    plain = {
        "PatientBirthDate": "20040101",
        "StudyDate": "20140301",
        "PixelSpacing": [0.1, 0.1],
        "WindowCenter": 2048,
        "WindowWidth": 4000,
    }
    return {
        "dicom": film(12, **plain),
        "dicom-jpeg": save(dataset(stored(8), bits=8), uid.JPEGBaseline8Bit),
        "dicom-jpeg-lossless": save(dataset(stored(12), bits=12), uid.JPEGLosslessSV1),
        "dicom-jpeg-ls": save(dataset(stored(12), bits=12), uid.JPEGLSLossless),
        "dicom-jpeg-2000": save(dataset(stored(12), bits=12), uid.JPEG2000Lossless),
        "dicom-rle": save(dataset(stored(12), bits=12), uid.RLELossless),
        "dicom-deflated": save(dataset(stored(12), bits=12), uid.DeflatedExplicitVRLittleEndian),
        "png": png(stored(8)),
        "png-16": png(stored(16)),
        "jpeg": jpeg(stored(8)),
        "tiff": raster(stored(16), "TIFF", compression="tiff_lzw"),
        "webp": raster(stored(8), "WEBP"),
        "bmp": raster(stored(8), "BMP"),
        "gif": raster(stored(8), "GIF"),
    }


def mutate(data: bytes, random: np.random.Generator) -> bytes:
    """Some bytes changed, half of them near the start where the headers are; at times a part cut off or out."""
    changed = bytearray(data)
    for _ in range(random.integers(1, 12)):
        changed[random.integers(0, len(data) if random.random() < 0.5 else min(len(data), 700))] = random.integers(0, 256)
    if random.random() < 0.25:
        del changed[random.integers(1, len(changed)) :]
    if random.random() < 0.1:
        start = random.integers(0, len(changed))
        del changed[start : start + 20]
    return bytes(changed)


def outcome(data: bytes) -> str:
    """What reading gives: "read", or the error's message. Any other exception is a defect and passes through."""
    try:
        pixels = read(data).pixels
    except BoneAgeError as error:
        return str(error)
    assert pixels.min() >= 0  # and not NaN
    assert pixels.max() <= 1
    return "read"


@pytest.mark.parametrize("form", valid())
def test_mutations_read_or_are_refused(form: str, capfd: pytest.CaptureFixture[str]) -> None:
    data, random = valid()[form], np.random.default_rng(11)
    tries = 30 if form == "dicom-jpeg-lossless" else 300  # each of them starts a process
    outcomes = {outcome(mutate(data, random)) for _ in range(tries)}
    assert len(outcomes) > 1
    assert not any("Doe" in one or IDENTIFIER in one for one in outcomes)
    assert "".join(capfd.readouterr()) == ""


def test_error_messages_carry_no_identity() -> None:
    whole = film(12)
    for keyword in (b"PN", b"LO", b"UI", b"US"):
        at = whole.index(keyword, 300)
        said = outcome(whole[:at] + b"??" + whole[at + 2 :])
        assert NAME not in said
        assert IDENTIFIER not in said


def test_nothing_is_said_on_stderr_in_a_plain_process(tmp_path: Path) -> None:
    """Warnings and logs at their defaults, as the command line has them; the broken header would make pydicom talk."""
    path = tmp_path / "film.dcm"
    path.write_bytes(film(12).replace(b"Doe^Jane", b"D\xff\xfe^=\\=e"))
    code = f"from pathlib import Path; from boneage.read import read; read(Path({str(path)!r}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"", b"")
