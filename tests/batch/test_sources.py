"""Where films are: names in order, each once, and the bytes behind them."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.batch.ask import Ask
from boneage.batch.sources import film_of, names_of
from boneage.errors import BoneAgeError
from boneage.phantom import Phantom, write_dicom
from boneage.systems import REFERENCE

NEEDED = "object storage needs the batch extra"


def test_a_folder_and_its_films_are_named_once(girl: Phantom, tmp_path: Path) -> None:
    films = [str(write_dicom(girl, tmp_path / name)) for name in ("a.dcm", "b.dcm")]
    assert names_of([str(tmp_path), films[0], "absent.dcm"]) == [*films, "absent.dcm"]
    assert film_of(films[0]) == Path(films[0])


def test_object_storage_answers_as_the_disk_does(girl: Phantom, tmp_path: Path) -> None:
    fsspec = pytest.importorskip("fsspec", reason=NEEDED)
    film = write_dicom(girl, tmp_path / "girl.dcm")
    with fsspec.open("memory://archive/2026/girl.dcm", "wb") as file:
        file.write(film.read_bytes())
    with fsspec.open("memory://archive/2026/notes.txt", "wb") as file:
        file.write(b"none of a film")
    (name,) = names_of(["memory://archive"])
    ask = Ask(REFERENCE.name, None)
    assert ask.row(name) == ask.row(str(film)) | {"file": name}


def test_what_is_not_there_is_told() -> None:
    pytest.importorskip("fsspec", reason=NEEDED)
    row = Ask(REFERENCE.name, None).row("memory://archive/absent.dcm")
    assert row["error_kind"] == "not-found"
    with pytest.raises(BoneAgeError, match="a kind of storage that fsspec knows"):
        names_of(["nosuchstorage://bucket"])


@pytest.mark.parametrize("address", ["dicomweb+https://archive.example/dicom-web", "dicomweb+http://[/studies"])
def test_a_dicomweb_address_without_a_film_is_told(address: str) -> None:
    pytest.importorskip("dicomweb_client", reason="needs the serve extra")
    with pytest.raises(BoneAgeError, match=r"/studies/\.\.\.") as error:
        film_of(address)
    assert error.value.kind.value == "bad-option"
