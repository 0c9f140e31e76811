"""Every format by its word, each made of the reading alone or told why not; one that fails stops none of the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pydicom
import pytest

from boneage.errors import BoneAgeError, Kind
from boneage.phantom import Phantom, write_dicom
from boneage.read import read
from boneage.report import formats
from boneage.report.dicom import film_header
from boneage.report.formats import OF_REFUSED, Beside, Files, Format, make, make_all, need, parse_formats, parse_language
from boneage.report.language import Language
from boneage.report.reading import Reading, Status
from boneage.report.reading_json import reading_from_json
from boneage.types import Identity, Radiograph

MakeReading = Callable[..., Reading]
PLAIN = (Format.TEXT, Format.HTML, Format.JSON)  # made without an extra


def test_words_of_the_command_line() -> None:
    assert parse_formats("html,pdf,sr,sc,gsps,fhir,hl7,text,json") == tuple(Format)
    assert parse_formats(" SR , sr,text") == (Format.TEXT, Format.SR)
    assert list(Format).index(Format.PDF) < list(Format).index(Format.FHIR)
    for words in ("", "seg", "pdf,,sr", "pdf sr"):
        with pytest.raises(BoneAgeError) as caught:
            parse_formats(words)
        assert caught.value.kind is Kind.BAD_OPTION
    assert parse_language("DE") is Language.GERMAN
    with pytest.raises(BoneAgeError):
        parse_language("xx")


def test_every_format_has_its_own_file_name_and_a_media_type() -> None:
    assert len({one.suffix for one in Format}) == len(Format)
    assert all("/" in one.media_type for one in Format)
    assert set(formats._MAKERS) == set(Format)
    assert {one for one in Format if one.is_dicom} == {one for one in Format if one.suffix.endswith(".dcm")}


@pytest.mark.parametrize("form", PLAIN)
@pytest.mark.parametrize("refused", [False, True])
def test_formats_of_the_runtime_alone(reading: MakeReading, form: Format, refused: bool) -> None:
    (suffix, data), *others = make(form, reading(refused=refused), Beside(language=Language.FRENCH)).items()
    assert others == []
    assert suffix == form.suffix
    assert data.decode()
    assert form in OF_REFUSED


def test_json_holds_the_whole_reading_and_what_is_derived(reading: MakeReading) -> None:
    found = json.loads(make(Format.JSON, reading(Status.SIGNED), Beside())[".json"])
    assert found["derived"]["bone_age"] == "7 years 9 months"
    assert reading_from_json(found).bone_age_months == 93.0


def test_a_dicom_format_needs_a_header_and_the_rest_goes_on(reading: MakeReading) -> None:
    pytest.importorskip("highdicom", reason="DICOM needs the dicom extra")
    made = make_all((Format.SR, Format.SC, Format.GSPS, Format.TEXT), reading(), Beside())
    assert list(made) == [Format.TEXT, Format.SR, Format.SC, Format.GSPS]
    assert isinstance(made[Format.TEXT], dict)
    for one in (Format.SR, Format.SC, Format.GSPS):
        error = made[one]
        assert isinstance(error, BoneAgeError)
        assert error.kind is Kind.UNSUPPORTED


def test_an_error_of_our_own_is_told_without_the_films_words(reading: MakeReading, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> Files:
        raise ValueError("SECRET^NAME")

    monkeypatch.setitem(formats._MAKERS, Format.TEXT, fail)
    made = make_all((Format.TEXT, Format.JSON), reading(), Beside())
    error = made[Format.TEXT]
    assert isinstance(error, BoneAgeError)
    assert error.kind is Kind.INTERNAL
    assert "SECRET" not in str(error)
    assert isinstance(made[Format.JSON], dict)


@pytest.mark.parametrize(
    ("form", "module", "extra"),
    [
        (Format.PDF, "weasyprint", "report"),
        (Format.SR, "highdicom", "dicom"),
        (Format.SC, "highdicom", "dicom"),
        (Format.GSPS, "highdicom", "dicom"),
        (Format.FHIR, "fhir.resources.R4B.bundle", "dicom"),
        (Format.HL7, "hl7apy.parser", "dicom"),
    ],
)
def test_a_missing_extra_is_told_by_its_name(monkeypatch: pytest.MonkeyPatch, form: Format, module: str, extra: str) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(BoneAgeError) as caught:
        need([Format.TEXT, form])
    assert caught.value.kind is Kind.MISSING_EXTRA
    assert f"boneage[{extra}]" in caught.value.todo
    need(PLAIN)


@pytest.fixture(scope="module")
def film(girl: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_dicom(girl, tmp_path_factory.mktemp("film") / "girl.dcm")


def beside(path: Path, **more: Any) -> Beside:
    return Beside(film=read(path), header=partial(film_header, path.read_bytes()), **more)


def of(radiograph: Radiograph | None) -> Identity:
    assert radiograph is not None
    return radiograph.identity


@pytest.mark.filterwarnings("ignore:.*sRGB2014:pytest.PytestUnraisableExceptionWarning")  # WeasyPrint leaves it open
def test_all_formats_of_one_film(reading: MakeReading, film: Path) -> None:
    for module in ("weasyprint", "highdicom", "hl7apy", "fhir.resources"):
        pytest.importorskip(module, reason="all formats need the report and the dicom extra")
    kit = beside(film)
    made = make_all(Format, reading(Status.SIGNED, identity=of(kit.film)), kit)
    assert {form: type(files) for form, files in made.items()} == dict.fromkeys(Format, dict)
    data = {form: files[form.suffix] for form, files in made.items() if isinstance(files, dict)}
    assert data[Format.PDF].startswith(b"%PDF")
    assert data[Format.HL7].startswith(b"MSH|^~\\&|")
    for form in Format:
        assert data[form][128:132] == b"DICM" or not form.is_dicom
    report = json.loads(data[Format.FHIR])["entry"][1]["resource"]
    assert report["presentedForm"][0]["contentType"] == "application/pdf"
    assert report["conclusion"].splitlines()[0] in data[Format.TEXT].decode()


def test_the_header_is_read_only_where_a_format_asks_for_it(reading: MakeReading) -> None:
    def header() -> pydicom.Dataset:
        raise AssertionError("nobody asked")

    assert all(isinstance(files, dict) for files in make_all(PLAIN, reading(), Beside(header=header)).values())
