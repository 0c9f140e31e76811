"""A record laid flat: nothing of an answer is lost, and nothing in it differs from run to run."""

from __future__ import annotations

import pytest

from boneage.batch.ask import Ask
from boneage.batch.rows import Type, as_text, columns, to_row
from boneage.phantom import Phantom, write_dicom, write_png
from boneage.pipeline import BOTH, attempt
from boneage.report.record import to_record
from boneage.systems import REFERENCE
from boneage.types import Sex


def test_a_row_says_what_the_record_says(girl: Phantom, tmp_path) -> None:
    film = write_dicom(girl, tmp_path / "girl.dcm")
    record = to_record(str(film), attempt(lambda: film), REFERENCE)
    row = to_row(record, both=False)
    assert list(row) == list(columns(both=False))
    assert row["bone_age_months"] == record["bone_age_months"]
    assert [row["low_90_months"], row["high_90_months"]] == record["interval_months"]
    assert [row["low_95_months"], row["high_95_months"]] == record["intervals"][2]["months"]
    assert (row["file"], row["sex"], row["weights"], row["error_kind"]) == (
        str(film),
        "female",
        " ".join(REFERENCE.weights),
        None,
    )


def test_a_film_asked_for_both_sexes_is_one_row_with_both_answers(girl: Phantom, tmp_path) -> None:
    film = write_png(girl, tmp_path / "girl.png")
    row = Ask(REFERENCE.name, BOTH).row(str(film))
    assert list(row) == list(columns(both=True))
    for sex in Sex:
        assert row[f"{sex.value}_bone_age_months"] == Ask(REFERENCE.name, sex).row(str(film))["bone_age_months"]
    assert row["sex"] == "both"


def test_the_same_film_has_the_same_row_every_time(girl: Phantom, tmp_path) -> None:
    film = str(write_dicom(girl, tmp_path / "girl.dcm"))
    assert Ask(REFERENCE.name, None).row(film) == Ask(REFERENCE.name, None).row(film)


@pytest.mark.parametrize("both", [False, True])
def test_a_film_that_cannot_be_read_has_its_row(both: bool) -> None:
    row = Ask(REFERENCE.name, BOTH if both else None).row("absent.dcm")
    assert list(row) == list(columns(both=both))
    assert row["error_kind"] == "not-found"
    assert not [name for name, kind in columns(both=both).items() if kind is Type.NUMBER and row[name] is not None]


def test_a_name_that_is_no_unicode_is_written_out() -> None:
    assert as_text("Müller.dcm") == "Müller.dcm"
    assert as_text(b"M\xfcller.dcm".decode("utf-8", "surrogateescape")) == "M\\xfcller.dcm"
