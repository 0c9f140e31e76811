"""The truth beside synthetic films is found, and nothing else is taken for it."""

import json
from pathlib import Path

import pytest

from boneage.report.truth import NAME, read_truth, write_truth


def test_what_was_written_is_read_for_the_named_film_alone(tmp_path: Path) -> None:
    write_truth(tmp_path, {"girl.dcm": 96, "boy.dcm": 30.5})
    assert read_truth(tmp_path / "girl.dcm") == 96.0
    assert read_truth(tmp_path / "boy.dcm") == 30.5
    assert read_truth(tmp_path / "other.dcm") is None
    assert read_truth(tmp_path / "deeper" / "girl.dcm") is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "no json",
        "[" * 100_000,
        json.dumps({"bone_age_months": {"a.dcm": 96}}),
        json.dumps({"drawn_by": "somebody", "bone_age_months": {"a.dcm": 96}}),
        json.dumps({"drawn_by": "boneage.phantom", "bone_age_months": [96]}),
        json.dumps({"drawn_by": "boneage.phantom", "bone_age_months": {"a.dcm": "96"}}),
        json.dumps({"drawn_by": "boneage.phantom", "bone_age_months": {"a.dcm": True}}),
    ],
)
def test_somebody_elses_file_is_no_truth(tmp_path: Path, text: str) -> None:
    (tmp_path / NAME).write_text(text)
    assert read_truth(tmp_path / "a.dcm") is None


def test_bytes_that_are_no_text_and_a_folder_of_that_name_are_no_truth(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"\xff\xfe\x00{")
    assert read_truth(tmp_path / "a.dcm") is None
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()
    assert read_truth(tmp_path / "a.dcm") is None
