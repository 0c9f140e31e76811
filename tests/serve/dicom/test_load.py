"""Five hundred films from eight associations at once: none is lost, none is there twice, the memory stays flat."""

from __future__ import annotations

import gc
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from boneage.serve.dicom.listener import DicomListener
from boneage.serve.intake import Intake
from boneage.serve.states import State
from boneage.serve.store.worklist import Wanted

FILMS, ASSOCIATIONS, SIDE = 500, 8, 512  # each film has half a megabyte
MIB = 2**20


def resident_bytes() -> int:
    """Of this process, where the listener is; the senders are processes of their own."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def send(listener: DicomListener, folders: list[Path]) -> None:
    command = ["storescu", "--aetitle", "SENDER", "--call", "BONEAGE", "--scan-directories", "127.0.0.1", str(listener.port)]
    senders = [subprocess.Popen([*command, str(folder)], stderr=subprocess.PIPE) for folder in folders]
    for sender in senders:
        _, errors = sender.communicate(timeout=300)
        assert sender.returncode == 0, errors.decode()


@pytest.mark.skipif(shutil.which("storescu") is None, reason="no senders: install Debian's dcmtk")
def test_nothing_is_lost_under_load(
    listener: DicomListener, intake: Intake, small: Callable[..., Dataset], tmp_path: Path
) -> None:
    film = small()
    film.Rows = film.Columns = SIDE
    sent: set[str] = set()

    def folder(name: str, count: int) -> Path:
        made = tmp_path / name
        made.mkdir()
        for number in range(count):
            film.SOPInstanceUID = film.file_meta.MediaStorageSOPInstanceUID = generate_uid()
            film.PixelData = number.to_bytes(2, "little") * SIDE**2
            film.save_as(made / f"{number}.dcm", enforce_file_format=True)
            sent.add(str(film.SOPInstanceUID))
        return made

    send(listener, [folder(f"first-{one}", 2) for one in range(ASSOCIATIONS)])
    gc.collect()
    before = resident_bytes()
    counts = [FILMS // ASSOCIATIONS + (one < FILMS % ASSOCIATIONS) for one in range(ASSOCIATIONS)]
    send(listener, [folder(f"many-{one}", count) for one, count in enumerate(counts)])
    gc.collect()
    assert resident_bytes() - before < 64 * MIB  # all of them together have 250

    pages = [intake.worklist.page(Wanted(states=frozenset(State), skip=skip, most=100)) for skip in range(0, len(sent), 100)]
    kept = [one for page, _ in pages for one in page]
    assert pages[0][1] == len(sent) == FILMS + 2 * ASSOCIATIONS
    assert {one.identity.sop_uid for one in kept} == sent
    assert {path.name for path in intake.spool.folder.iterdir()} == {one.file for one in kept}
    assert all((intake.spool.folder / one.file).stat().st_size > SIDE**2 * 2 for one in kept)
