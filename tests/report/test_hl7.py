"""HL7 version 2: valid for hl7apy, every number with its unit and status, and no value that becomes structure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boneage.errors import BoneAgeError, Kind
from boneage.report.hl7 import escape, hl7_message
from boneage.report.language import Language
from boneage.report.person import plain
from boneage.report.reading import Decision, Reading, Status
from boneage.types import Identity, SexSource

parser = pytest.importorskip("hl7apy.parser", reason="HL7 needs the dicom extra")
MakeReading = Callable[..., Reading]
WANG = Identity("Wang^XiaoDong^^Dr^Jr=王^小东", "0007", "A-1", "1.2.840.1", "1.2.840.2", "1.2.840.3", "HOSP", "2019-05-21")
ESCAPES = {"F": "|", "S": "^", "T": "&", "R": "~", "E": "\\"}


def segments(reading: Reading, **options: Any) -> dict[str, list[list[str]]]:
    """The fields of each kind of segment, by place; in MSH one place off, as its first field is the delimiter."""
    message = hl7_message(reading, **options)
    assert message.endswith("\r")
    assert "\n" not in message
    found: dict[str, list[list[str]]] = {}
    for line in message.rstrip("\r").split("\r"):
        fields = line.split("|")
        found.setdefault(fields[0], []).append(fields + [""] * 40)
    return found


def unescape(text: str) -> str:
    """As a receiver does it."""
    parts = text.split("\\")
    assert len(parts) % 2 == 1, text
    return "".join(part if place % 2 == 0 else ESCAPES[part] for place, part in enumerate(parts))


def test_the_message_is_valid_and_comes_back_as_it_went(reading: MakeReading) -> None:
    message = hl7_message(reading(Status.SIGNED, identity=WANG), text="one\ntwo | three")
    parsed = parser.parse_message(message, find_groups=True)
    assert parsed.validate()
    assert parsed.to_er7().rstrip("\r") == message.rstrip("\r")


def test_the_head(reading: MakeReading) -> None:
    found = segments(reading(identity=WANG))
    (msh,) = found["MSH"]
    assert msh[1] == "^~\\&"
    assert (msh[8], msh[11], msh[17]) == ("ORU^R01^ORU_R01", "2.5.1", "UNICODE UTF-8")
    assert msh[6] == "20261121123005+0100"
    assert 0 < len(msh[9]) <= 20
    (pid,) = found["PID"]
    assert pid[3] == "0007^^^HOSP"
    assert pid[5] == "Wang^XiaoDong^^Jr^Dr^^L^A~王^小东^^^^^L^I"  # the suffix before the prefix
    assert (pid[7], pid[8]) == ("20190521", "F")
    (obr,) = found["OBR"]
    assert (obr[2], obr[3], obr[18]) == ("", "A-1", "A-1")
    assert (obr[4].split("^")[0], obr[7], obr[24]) == ("37362-1", "20261120", "RAD")


@pytest.mark.parametrize(
    ("status", "letter", "whole"),
    [(Status.UNVERIFIED, "P", "P"), (Status.SIGNED, "F", "F"), (Status.AMENDED, "C", "C"), (Status.WITHDRAWN, "W", "C")],
)
def test_every_result_has_the_readings_status(reading: MakeReading, status: Status, letter: str, whole: str) -> None:
    found = segments(reading(status, identity=WANG))
    assert {row[11] for row in found["OBX"]} == {letter}
    assert found["OBR"][0][25] == whole
    assert (found["OBR"][0][32] == "&Dr. Ada Weber") == (status is not Status.UNVERIFIED)


def test_the_results_with_their_types_and_units(reading: MakeReading) -> None:
    rows = segments(reading(Status.SIGNED, identity=WANG, height_cm=120.0))["OBX"]
    found = {row[3].split("^")[-3]: (row[2], row[5], row[6].split("^")[0]) for row in rows}
    assert found["bone-age"] == ("NM", "93", "mo")
    assert found["system-answer"] == ("NM", "99", "mo")
    assert found["interval"] == ("SN", "^81^-^117", "mo")
    assert found["chronological-age"] == ("NM", "90", "mo")
    assert found["sd-score"][2] == "{SD}"
    assert found["norm-mean"][2] == found["norm-sd"][2] == "mo"
    assert found["height"] == ("NM", "120", "cm")
    assert found["adult-height"][2] == "cm"
    assert found["category"] == ("CE", "N^Within 2 SD of the mean^HL70078", "")
    assert found["report"][0] == "TX"
    assert [row[1] for row in rows] == [str(place) for place in range(1, len(rows) + 1)]
    assert all(row[6].endswith("^UCUM") for row in rows if row[2] in ("NM", "SN"))
    low, high = map(float, rows[0][7].split("-"))
    assert low < 93 < high


@pytest.mark.parametrize(("months", "letter"), [(40.0, "L"), (95.0, "N"), (180.0, "H")])
def test_the_flag_against_the_norm(reading: MakeReading, months: float, letter: str) -> None:
    rows = segments(reading(Status.SIGNED, identity=WANG, months=months))["OBX"]
    assert rows[0][8] == letter
    assert rows[-2][5].split("^")[0] == letter


def test_a_gap_and_a_withdrawal_leave_no_score(reading: MakeReading) -> None:
    for one in (reading(identity=WANG, chronological_age_months=None), reading(Status.WITHDRAWN, identity=WANG)):
        rows = segments(one)["OBX"]
        assert not {"norm-mean", "norm-sd", "sd-score", "category"} & {row[3].split("^")[-3] for row in rows}
        assert rows[0][7] == rows[0][8] == ""


def test_lines_of_text_are_repetitions(reading: MakeReading) -> None:
    rows = segments(reading(identity=WANG), text="one | two\r\nthree ~ four\n\nfive \\.br\\ six\n")["OBX"]
    assert [unescape(line) for line in rows[-1][5].split("~")] == ["one | two", "three ~ four", "", "five \\.br\\ six"]


def test_an_issuer_that_is_an_oid_is_one(reading: MakeReading) -> None:
    pid = segments(reading(identity=replace(WANG, id_issuer="1.2.840.99")))["PID"][0]
    assert pid[3] == "0007^^^&1.2.840.99&ISO"
    assert segments(reading(identity=replace(WANG, id_issuer="")))["PID"][0][3] == "0007"


def test_an_unknown_name_says_so_and_both_sexes_are_no_sex(reading: MakeReading) -> None:
    pid = segments(reading(identity=replace(WANG, patient_name=""), sex_source=SexSource.BOTH))["PID"][0]
    assert pid[5] == "^^^^^^U"
    assert pid[8] == ""


def test_without_a_patients_id_or_a_bone_age_there_is_no_message(reading: MakeReading) -> None:
    for one in (reading(identity=replace(WANG, patient_id=" ")), reading(refused=True, identity=WANG)):
        with pytest.raises(BoneAgeError) as caught:
            hl7_message(one)
        assert caught.value.kind is Kind.UNSUPPORTED
        assert "Wang" not in str(caught.value)


def test_one_control_id_for_one_version(reading: MakeReading) -> None:
    one, again = reading(identity=WANG), reading(identity=WANG)
    assert hl7_message(one) == hl7_message(again)
    others = [reading(uid="1.2.826.7.2", identity=WANG), reading(Status.SIGNED, identity=WANG)]
    ids = {segments(each)["MSH"][0][9] for each in (one, *others)}
    assert len(ids) == 3


@given(st.text(st.characters() | st.sampled_from("|^~\\&\r\n\x0b\x1c"), max_size=40))
def test_an_escaped_value_has_no_structure_and_comes_back(text: str) -> None:
    made = escape(text)
    assert not set(made) & set("|^~&\r\n\x0b\x1c")
    assert unescape(made) == plain(text)


hostile = st.text(st.characters() | st.sampled_from("|^~\\&=FSTRE\r\n\x0b\x1c"), max_size=30)


@settings(max_examples=12)
@given(
    identity=st.builds(Identity, *[hostile] * 7, st.just("") | st.dates().map(str)),
    reader=hostile,
    text=hostile,
    offset=st.integers(-12 * 3600, 14 * 3600),
)
def test_whatever_the_header_holds_the_message_keeps_its_shape(
    reading: MakeReading, identity: Identity, reader: str, text: str, offset: int
) -> None:
    at = datetime(2026, 11, 21, 12, tzinfo=timezone(timedelta(seconds=offset)))
    safe = replace(identity, patient_id=f"1{identity.patient_id}")
    signed = reading(Status.SIGNED, identity=safe, decision=Decision(reader, at, 93.0))
    found = segments(signed, text=text)
    assert {name: len(rows) for name, rows in found.items() if name != "OBX"} == {"MSH": 1, "PID": 1, "OBR": 1}
    assert len(found["OBX"]) == 9
    assert unescape(found["PID"][0][3].split("^")[0]) == plain(safe.patient_id)
    assert unescape(found["OBR"][0][3]) == plain(safe.accession_number)
    assert unescape(found["OBX"][0][16].removeprefix("^")) == plain(reader)


@pytest.mark.parametrize("language", Language)
def test_every_language(reading: MakeReading, language: Language) -> None:
    assert segments(reading(identity=WANG), language=language)["OBX"][0][5] == "99"
