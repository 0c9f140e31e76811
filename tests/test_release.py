"""What is given away: the same bytes from the same source, nothing missing, nothing of this machine."""

from __future__ import annotations

import json
import time
import zipfile
from pathlib import Path

import pytest

pytest.importorskip("hatchling", reason="needs the release extra: make test EXTRAS=release")
release = pytest.importorskip("release", reason="tools/ is not here: run in the source tree")
DAY = 1_795_000_000  # SOURCE_DATE_EPOCH, an even second as ZIP has them


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Wheel and sdist of this source tree."""
    folder = tmp_path_factory.mktemp("dist")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SOURCE_DATE_EPOCH", str(DAY))
        wheel, sdist = release.build(release.ROOT, folder)
    return wheel, sdist


def test_two_builds_are_equal_to_the_bit(built: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second one is of the unpacked sdist: another folder, other file times."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", str(DAY))
    again = release.build(release.unpack(built[1], tmp_path), tmp_path / "again")
    assert [file.name for file in again] == [file.name for file in built]
    assert [file.read_bytes() for file in again] == [file.read_bytes() for file in built]


def test_the_wheel_has_what_the_reference_needs_and_nothing_of_this_machine(built: tuple[Path, Path]) -> None:
    release.check_wheel(built[0])
    release.check_paths(built)
    with zipfile.ZipFile(built[0]) as wheel:
        assert {one.date_time for one in wheel.infolist()} == {time.gmtime(DAY)[:6]}
        assert any(name.endswith("licenses/LICENSE-WEIGHTS") for name in wheel.namelist())


def test_a_wheel_without_a_network_is_refused(built: tuple[Path, Path], tmp_path: Path) -> None:
    less = tmp_path / "less.whl"
    with zipfile.ZipFile(built[0]) as whole, zipfile.ZipFile(less, "w") as wheel:
        for name in whole.namelist():
            if not name.endswith("reference-2026-11.onnx"):
                wheel.writestr(name, b"")
    with pytest.raises(SystemExit, match=r"reference-2026-11\.onnx"):
        release.check_wheel(less)


def test_a_path_of_this_machine_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(release, "ROOT", Path("/builds/somewhere/boneage"))
    told = tmp_path / "told.json"
    told.write_text('{"url": "file:///builds/somewhere/boneage/dist"}')
    with pytest.raises(SystemExit, match="a path of this machine"):
        release.check_paths([told])


def test_the_sbom_tells_the_networks_and_no_file_of_this_machine(built: tuple[Path, Path]) -> None:
    hashes = {one["name"]: one["hashes"][0]["content"] for one in release.networks(built[0])}
    assert set(hashes) == {"hand-finder-2026-11", "reference-2026-11"}
    component = {"name": "a", "externalReferences": [{"url": "file:///dist/a.whl"}, {"url": "https://a.example"}]}
    assert json.dumps(release.without_files(component)).count("url") == 1
