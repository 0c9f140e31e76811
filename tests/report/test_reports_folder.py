"""`assess --report`: a folder a film, a file a format and sex, a line for what a film cannot give."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from PIL import Image
from typer.testing import CliRunner

from boneage.cli import app
from boneage.errors import BoneAgeError, Kind
from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.phantom import Phantom, write_dicom, write_png
from boneage.pipeline import BOTH, Failure
from boneage.read import read
from boneage.report.formats import Format
from boneage.report.language import Language
from boneage.report.reading_json import load_reading
from boneage.report.record import to_record
from boneage.report.reports_folder import REPORTS, Order, ReportsFolder, parse_order
from boneage.systems import REFERENCE
from boneage.types import Assessment, Estimate, Sex, SexSource

ALL = "html,pdf,sr,sc,gsps,fhir,hl7,text,json"
PLAIN = (Format.TEXT, Format.JSON)
NAMES = {f"report{one.suffix}" for one in Format}


def run(*args: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from boneage.cli import main; main()", *map(str, args)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=500)
    assert "Traceback" not in done.stderr, done.stderr
    return done


@pytest.fixture(scope="module")
def films(girl: Phantom, boy: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A girl in DICOM with a Chinese name, a boy in PNG, and noise that is no hand."""
    folder = tmp_path_factory.mktemp("films")
    write_dicom(girl, folder / "girl.dcm", chronological_age_months=100)
    film = pydicom.dcmread(folder / "girl.dcm")
    film.SpecificCharacterSet, film.PatientName, film.PatientID = "ISO_IR 192", "Secret^Name=王^小东", "SECRET-ID"
    film.save_as(folder / "girl.dcm")
    write_png(boy, folder / "boy.png")
    noise = np.random.default_rng(0).integers(0, 2**16, (700, 500)).astype(np.uint16)
    Image.fromarray(noise).save(folder / "noise.png")
    return folder


def test_all_formats_in_one_run(films: Path, tmp_path: Path) -> None:
    for module in ("weasyprint", "highdicom", "hl7apy", "fhir.resources"):
        pytest.importorskip(module, reason="all formats need the report and the dicom extra")
    given = [films / name for name in ("girl.dcm", "boy.png", "noise.png", "absent.dcm")]
    out = tmp_path / "out"
    done = run(
        "assess", *given, "--sex", "female", "--json", "--out", out, "--report", ALL, "--language", "zh", "--height", "130"
    )
    assert done.returncode == 1
    girl, boy, noise, absent = (json.loads(line) for line in done.stdout.splitlines())
    assert {line["format"]: line["error"] for line in girl["reports"]} == dict.fromkeys(map(str, ALL.split(",")))
    assert {path.name for path in (out / REPORTS / "0001").iterdir()} == NAMES
    failed = {line["format"] for line in boy["reports"] if line["error"] is not None}
    assert failed == {"sr", "sc", "gsps", "hl7"}  # a PNG has no header, and HL7 needs the patient's ID
    for form in failed:
        assert f"no {form} report {films / 'boy.png'}" in " ".join(done.stderr.split())
    assert noise["error"]["kind"] == "no-hand"
    assert {line["format"] for line in noise["reports"]} == {"html", "pdf", "text", "json"}
    assert absent["reports"] == []
    for record in (girl, boy, noise):
        for line in record["reports"]:
            assert (line["file"] is None) == (line["error"] is not None)
            assert line["file"] is None or (out / line["file"]).is_file()
    linked = set(re.findall(r'href="(reports/[^"]+)"', (out / "index.html").read_text()))
    assert linked == {line["file"] for record in (girl, boy, noise) for line in record["reports"] if line["file"] is not None}
    kept = [json.loads(line) for line in (out / "assessments.jsonl").read_text().splitlines()]
    assert [record["reports"] for record in kept] == [record["reports"] for record in (girl, boy, noise, absent)]
    _look_into(out / REPORTS / "0001")
    assert "secret" not in (done.stdout + done.stderr).lower()
    assert not any("secret" in str(path).lower() for path in out.rglob("*"))
    outside = [path.read_bytes() for path in out.glob("*.*") if path.is_file()]
    assert not any(b"SECRET" in data or b"Secret" in data for data in outside)


def _look_into(folder: Path) -> None:
    """What each file of the girl's says."""
    made = load_reading((folder / "report.json").read_text())
    assert (made.height_cm, made.sex, made.sex_source) == (130.0, Sex.FEMALE, SexSource.OPTION)
    assert made.identity.patient_name == "Secret^Name=王^小东"
    sr = pydicom.dcmread(folder / "report.sr.dcm")
    assert (sr.SOPInstanceUID, sr.VerificationFlag) == (made.uid, "UNVERIFIED")
    for name in ("report.sr.dcm", "report.sc.dcm", "report.gsps.dcm"):
        assert pydicom.dcmread(folder / name).StudyInstanceUID == made.identity.study_uid
    bundle = json.loads((folder / "report.fhir.json").read_text(encoding="utf-8"))
    observation, report = (entry["resource"] for entry in bundle["entry"])
    assert observation["valueQuantity"]["value"] == round(made.bone_age_months or 0, 2)
    assert observation["contained"][0]["name"][1]["family"] == "王"
    assert "presentedForm" in report
    message = (folder / "report.hl7").read_text(encoding="utf-8")
    assert "SECRET-ID" in message
    assert "王^小东" in message
    assert "骨龄" in (folder / "report.html").read_text(encoding="utf-8")
    assert (folder / "report.pdf").read_bytes().startswith(b"%PDF")
    assert "王" in (folder / "report.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--report", "seg", "--out", "{}"), "'seg'"),
        (("--report", "sr"), "--out"),
        (("--language", "de"), "--report"),
        (("--height", "120"), "--report"),
        (("--report", "text", "--out", "{}", "--language", "xx"), "'xx'"),
        (("--report", "text", "--out", "{}", "--height", "1.2"), "1.2 cm"),
    ],
)
def test_a_wrong_call_is_told_before_the_first_film(films: Path, tmp_path: Path, options: tuple[str, ...], word: str) -> None:
    done = CliRunner().invoke(app, ["assess", str(films / "girl.dcm"), *(one.format(tmp_path / "out") for one in options)])
    assert done.exit_code == 2
    assert word in done.stderr
    assert done.stdout == ""
    assert not (tmp_path / "out").exists()


def add(folder: ReportsFolder, file: Path, outcome: Assessment | Failure) -> list[dict[str, Any]]:
    return folder.add(file, outcome, REFERENCE)


def test_both_sexes_have_a_report_each(
    tmp_path: Path, assessment: Callable[..., Assessment], estimate: Callable[..., Estimate]
) -> None:
    folder = ReportsFolder(tmp_path, Order(PLAIN, sex=BOTH))
    lines = add(folder, tmp_path / "a.png", assessment(estimate(Sex.FEMALE, 99.0), estimate(Sex.MALE, 111.0)))
    assert [line["file"] for line in lines] == [
        "reports/0001/report-female.txt",
        "reports/0001/report-female.json",
        "reports/0001/report-male.txt",
        "reports/0001/report-male.json",
    ]
    girl, boy = (load_reading((tmp_path / line["file"]).read_text()) for line in lines if line["format"] == "json")
    assert (girl.sex, girl.bone_age_months, boy.sex, boy.bone_age_months) == (Sex.FEMALE, 99.0, Sex.MALE, 111.0)
    assert girl.uid != boy.uid


def test_each_sex_has_its_own_maps_and_a_capture_of_each(
    tmp_path: Path, assessment: Callable[..., Assessment], estimate: Callable[..., Estimate], girl: Phantom
) -> None:
    pytest.importorskip("highdicom", reason="DICOM needs the dicom extra")
    file = write_dicom(girl, tmp_path / "film.dcm")
    made = replace(assessment(estimate(Sex.FEMALE, 99.0), estimate(Sex.MALE, 111.0)), radiograph=read(file))
    values = np.ones(made.radiograph.size, np.float32)
    maps = tuple(HeatMap(f"occlusion {sex.value}", values, PixelMap.identity(), "what", "months", ("a-2026-11",)) for sex in Sex)
    folder = ReportsFolder(tmp_path / "out", Order((Format.SC, Format.HTML), sex=BOTH))
    lines = folder.add(file, made, REFERENCE, maps)
    assert [line["error"] for line in lines] == [None] * 6
    assert [Path(line["file"]).name for line in lines if line["sex"] == "male"] == [
        "report-male.html",
        "report-male.sc.dcm",
        "report-male-occlusion.sc.dcm",
    ]
    assert (tmp_path / "out" / lines[0]["file"]).read_text().count("data:image/jpeg") == 2


def test_places_are_those_of_the_batch_and_an_earlier_run_is_replaced(
    tmp_path: Path, assessment: Callable[..., Assessment], girl: Phantom
) -> None:
    failure = Failure(BoneAgeError(Kind.NO_HAND, came="a", expected="b", todo="c"), 0.1)
    folder = ReportsFolder(tmp_path, Order(PLAIN))
    film = write_dicom(girl, tmp_path / "film.dcm")
    assert add(folder, tmp_path / "absent.png", failure) == []
    assert add(folder, film, assessment())[0]["file"] == "reports/0002/report.txt"
    refused = add(folder, film, failure)
    made = load_reading((tmp_path / refused[1]["file"]).read_text())
    assert (made.refusal is not None, made.sex, made.estimate) == (True, Sex.FEMALE, None)
    assert made.identity.patient_id.startswith("PHANTOM")
    (tmp_path / REPORTS / "0002" / "mine.txt").write_text("mine")
    ReportsFolder(tmp_path, Order(PLAIN))
    assert [path.name for path in (tmp_path / REPORTS).rglob("*.*")] == ["mine.txt"]


def test_nothing_is_asked_for_without_the_option() -> None:
    assert parse_order(None, language=None, height_cm=None, sex=None, out=None) is None
    order = parse_order("sr,text", language="fr", height_cm=120, sex=Sex.MALE, out=Path("x"))
    assert order == Order((Format.TEXT, Format.SR), Language.FRENCH, 120, Sex.MALE)


def test_a_record_without_reports_is_as_it_was(assessment: Callable[..., Assessment]) -> None:
    assert "reports" not in to_record("a.png", assessment(), REFERENCE)
