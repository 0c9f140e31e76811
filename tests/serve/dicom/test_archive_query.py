"""An archive's films by DICOMweb, for `boneage assess --table`: a query names them, and each is fetched as it is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.batch.ask import Ask
from boneage.batch.sources import names_of
from boneage.phantom import Phantom, write_dicom
from boneage.serve.dicom import dicomweb
from boneage.systems import REFERENCE

from .conftest import Orthanc


def test_a_query_names_films_and_their_rows_are_those_of_the_files(
    orthanc: Orthanc, girl: Phantom, boy: Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dicomweb, "PAGE", 1)
    films = [write_dicom(girl, tmp_path / "girl.dcm"), write_dicom(boy, tmp_path / "boy.dcm", modality="CR")]
    for film in films:
        orthanc.put(film.read_bytes())
    address = f"dicomweb+{orthanc.url}/dicom-web"
    ask = Ask(REFERENCE.name, None)
    rows = [ask.row(name) for name in names_of([address])]
    assert sorted(row["bone_age_months"] for row in rows) == sorted(ask.row(str(film))["bone_age_months"] for film in films)
    (name,) = names_of([f"{address}?Modality=CR"])
    assert ask.row(name) == ask.row(str(films[1])) | {"file": name}
    assert names_of([name]) == [name]
    assert ask.row(name.rsplit("/", 1)[0] + "/1.2.3")["error_kind"] == "not-readable"
