"""Folders to films."""

from __future__ import annotations

import os
from pathlib import Path

from films import film, png, save, stored
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

from boneage.errors import Kind
from boneage.read.folder import find_files


def names(path: Path, *more: Path) -> list[str]:
    return [str(found.path.relative_to(path)) for found in find_files([path, *more])]


def test_films_are_found_by_content_in_order_of_names(tmp_path: Path) -> None:
    for name in ("b/2.png", "b/10", "a/film.dcm", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(film() if name.endswith("dcm") else png(stored(8)))
    for name in ("notes.txt", "table.csv", ".DS_Store", ".hidden.png", "b/readme"):
        (tmp_path / name).write_bytes(b"some text, no film" if not name.endswith("png") else png(stored(8)))
    assert names(tmp_path) == ["a/film.dcm", "b/10", "b/2.png", "c.txt"]


def test_damaged_film_is_tried_and_not_lost(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    (tmp_path / "text.dcm").write_text("no film")
    assert names(tmp_path) == ["empty.png", "text.dcm"]


def test_dicomdir_is_left_out(tmp_path: Path) -> None:
    directory = Dataset()
    directory.SOPClassUID, directory.SOPInstanceUID = "1.2.840.10008.1.3.10", "1.2.3"
    directory.file_meta = FileMetaDataset()
    directory.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    (tmp_path / "DICOMDIR").write_bytes(save(directory))
    (tmp_path / "film").write_bytes(film())
    assert names(tmp_path) == ["film"]


def test_folder_without_images_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "notes.txt").write_text("nothing here")
    (found,) = find_files([tmp_path])
    assert found.path == tmp_path
    assert found.error is not None
    assert found.error.kind is Kind.NOT_FOUND


def test_named_files_are_always_tried_in_the_order_given(tmp_path: Path) -> None:
    text, absent = tmp_path / "notes.txt", tmp_path / "absent"
    text.write_text("no film")
    assert [(found.path, found.error) for found in find_files([text, absent])] == [(text, None), (absent, None)]


def test_odd_entries(tmp_path: Path) -> None:
    folder = tmp_path / "film.dcm"
    folder.mkdir()
    (folder / "inner.png").write_bytes(png(stored(8)))
    os.mkfifo(tmp_path / "pipe.dcm")
    (tmp_path / "broken.png").symlink_to(tmp_path / "nowhere")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    (tmp_path / "up").symlink_to(tmp_path)
    assert names(tmp_path) == ["broken.png", "film.dcm/inner.png", "loop"]


def test_link_to_a_folder_is_followed(tmp_path: Path) -> None:
    away, here = tmp_path / "away", tmp_path / "here"
    away.mkdir()
    here.mkdir()
    (away / "film.png").write_bytes(png(stored(8)))
    (here / "link").symlink_to(away)
    assert names(here) == ["link/film.png"]


def test_forbidden_folder_is_an_error(open_folder: Path) -> None:
    (open_folder / "closed").mkdir(mode=0)
    (found,) = find_files([open_folder])
    assert found.error is not None
    assert found.error.kind is Kind.NOT_READABLE
