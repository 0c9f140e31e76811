"""A reading is kept without a loss, and the published schemas say what is written."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from importlib.resources import files
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from boneage.errors import BoneAgeError, Kind
from boneage.pipeline import Failure
from boneage.report.derived import with_derived
from boneage.report.formats import Format
from boneage.report.language import Language
from boneage.report.reading import Decision, Drawing, Film, Reading, Refusal, Status
from boneage.report.reading_json import FORMAT, dump_reading, load_reading, reading_from_json, reading_to_json
from boneage.report.record import to_record
from boneage.report.verdict import Category, Gap
from boneage.systems import REFERENCE
from boneage.types import Assessment, Estimate, Flag, Identity, Interval, Sex, SexSource, Side

MakeReading = Callable[..., Reading]

months = st.floats(0, 240)
numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)
texts = st.text(max_size=20)  # control characters, too
uids = st.lists(st.integers(0, 10**8), min_size=2, max_size=6).map(lambda parts: ".".join(map(str, parts)))
zones = st.integers(-12 * 3600, 14 * 3600).map(lambda seconds: timezone(timedelta(seconds=seconds)))
times = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=zones)
days = st.dates().map(lambda day: day.isoformat())
flags = st.frozensets(st.sampled_from(Flag))
points = st.lists(st.tuples(numbers, numbers), max_size=5).map(lambda rows: np.array(rows, np.float64).reshape(-1, 2))
corners = st.lists(st.tuples(numbers, numbers), min_size=4, max_size=4).map(lambda rows: np.array(rows, np.float64))
estimates = st.builds(
    Estimate,
    sex=st.none() | st.sampled_from(Sex),
    bone_age_months=months,
    interval_months=st.tuples(numbers, numbers),
    interval_coverage=st.floats(0.01, 0.99),
    spread_months=st.floats(0, 1e6),
    probabilities=st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).dirichlet(np.full(240, 0.1))),
    flags=flags,
    intervals=st.lists(st.builds(Interval, st.floats(0.01, 0.99), numbers, numbers), max_size=3).map(tuple),
)
films = st.builds(
    Film,
    sha256=st.text("0123456789abcdef", min_size=64, max_size=64),
    size=st.tuples(st.integers(1, 2**15), st.integers(1, 2**15)),
    spacing_mm=st.none() | st.tuples(st.floats(0.01, 2), st.floats(0.01, 2)),
    side=st.none() | st.sampled_from(Side),
    study_date=st.none() | days,
)
decisions = st.builds(Decision, texts, times, months, st.none() | numbers, texts)
identities = st.builds(Identity, *[texts] * 7, days | st.just(""))


@st.composite
def readings(draw: st.DrawFn) -> Reading:
    """Any that can be."""
    refused = draw(st.booleans())
    status = draw(st.sampled_from(Status))
    before = draw(uids if status in (Status.AMENDED, Status.WITHDRAWN) else st.none() | uids)
    return Reading(
        uid=draw(uids),
        made_at=draw(times),
        identity=draw(identities),
        film=draw(films),
        sex=draw(st.none() | st.sampled_from(Sex)),
        sex_source=draw(st.sampled_from(SexSource)),
        chronological_age_months=draw(st.none() | months),
        system=draw(texts),
        weights=tuple(draw(st.lists(texts, max_size=3))),
        estimate=None if refused else draw(estimates),
        refusal=draw(st.builds(Refusal, st.sampled_from(Kind), texts, texts, texts)) if refused else None,
        drawing=draw(st.none() | st.builds(Drawing, points, st.dictionaries(texts, corners, max_size=2))),
        flags=draw(flags),
        version=draw(texts),
        status=status,
        decision=None if status is Status.UNVERIFIED else draw(decisions),
        predecessor=before,
        height_cm=draw(st.none() | st.floats(50, 230)),
    )


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((files("boneage.report") / "schema" / name).read_text(encoding="utf-8"))
    return found


def objects(found: Any) -> Iterator[dict[str, Any]]:
    """Every object of a schema that names its fields."""
    if isinstance(found, dict):
        if found.get("type") == "object" and "properties" in found and "required" in found:
            yield found
        for value in found.values():
            yield from objects(value)
    elif isinstance(found, list):
        for value in found:
            yield from objects(value)


def strict(name: str) -> Any:
    """The schema's validator, which objects to fields that the schema does not name too."""
    schemas = pytest.importorskip("jsonschema_rs", reason="validating JSON Schemas needs jsonschema-rs (the dev extra)")
    found = schema(name)
    for one in objects(found):
        one["additionalProperties"] = False
    return schemas.Draft202012Validator(found)


def same(one: Any, other: Any) -> bool:
    """Equal in every field, to the last bit, and of the same type."""
    if type(one) is not type(other):
        return False
    if dataclasses.is_dataclass(one):
        return all(same(getattr(one, field.name), getattr(other, field.name)) for field in dataclasses.fields(one))
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and one.shape == other.shape and np.array_equal(one, other)
    if isinstance(one, dict):
        return list(one) == list(other) and all(same(one[key], other[key]) for key in one)
    if isinstance(one, datetime):
        return one == other and one.utcoffset() == other.utcoffset()
    return bool(one == other)


@settings(max_examples=60)
@given(readings())
def test_nothing_is_lost_on_the_way_there_and_back(made: Reading) -> None:
    line = dump_reading(made)
    assert line.isascii()
    assert "\n" not in line
    assert same(load_reading(line), made)
    assert dump_reading(load_reading(line)) == line


@settings(max_examples=40)
@given(readings(), st.sampled_from(Language))
def test_every_reading_is_as_its_schema_says_with_what_is_derived_and_without(made: Reading, language: Language) -> None:
    valid = strict("reading-1.json")
    valid.validate(reading_to_json(made))
    derived = with_derived(made, language)
    valid.validate(json.loads(json.dumps(derived)))
    assert same(reading_from_json(derived), made)


def test_fields_and_words_of_schema_and_code_are_the_same() -> None:
    found = schema("reading-1.json")
    kept = {
        "identity": Identity,
        "film": Film,
        "refusal": Refusal,
        "estimate": Estimate,
        "drawing": Drawing,
        "decision": Decision,
    }
    for name, kind in kept.items():
        assert set(found["$defs"][name]["properties"]) == set(kind.__dataclass_fields__), name
    assert set(found["properties"]) == {*Reading.__dataclass_fields__, "format", "derived"}
    assert found["properties"]["format"] == {"const": FORMAT}
    defs, top = found["$defs"], found["properties"]
    words = {
        Flag: defs["flags"]["items"],
        Kind: defs["refusal"]["properties"]["kind"],
        Status: top["status"],
        SexSource: top["sex_source"],
        Category: defs["derived"]["properties"]["category"],
        Gap: defs["derived"]["properties"]["gap"],
        Language: defs["derived"]["properties"]["language"],
    }
    line = schema("record-1.json")
    words |= {Format: line["$defs"]["report"]["properties"]["format"]}
    for kind, at in words.items():
        assert set(at["enum"]) - {None} == {one.value for one in kind}, kind
    assert line["$defs"]["flags"] == defs["flags"]
    assert set(line["$defs"]["error"]["properties"]["kind"]["enum"]) == {one.value for one in Kind}


def test_every_field_of_the_schema_is_required_but_what_came_later() -> None:
    later = {"derived", "spread_months", "estimates", "chronological_age_months", "presence", "reports"}
    for name in ("reading-1.json", "record-1.json"):
        for one in objects(schema(name)):
            assert set(one["properties"]) - set(one["required"]) <= later


def test_the_schema_refuses_what_is_no_reading(reading: MakeReading) -> None:
    valid, good = strict("reading-1.json"), reading_to_json(reading())
    bad: list[dict[str, Any]] = [{key: value for key, value in good.items() if key != left} for left in good]
    bad += [good | {"refusal": {"kind": "no-hand", "came": "", "expected": "", "todo": ""}}, good | {"estimate": None}]
    bad += [good | {"status": "signed"}, good | {"more": 1}, good | {"format": 2}, good | {"made_at": "2026-11-21T12:30:05"}]
    bad += [good | {"flags": ["fine"]}, good | {"uid": "1.2.x"}, good | {"sex": "boy"}]
    for one in bad:
        assert not valid.is_valid(one), one
    assert valid.is_valid(good)


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2},
        {"format": None},
        {"made_at": "2026-11-21T12:30:05"},
        {"sex": "SECRET"},
        {"film": {}},
        {"identity": {"SECRET": 1}},
    ],
)
def test_what_cannot_be_read_back_is_told_without_its_words(reading: MakeReading, change: dict[str, Any]) -> None:
    with pytest.raises(BoneAgeError) as caught:
        reading_from_json(reading_to_json(reading()) | change)
    assert caught.value.kind is Kind.BAD_DATA
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "[]", "1", "{}", "{", '"x"'])
def test_what_is_no_reading_at_all_is_told(text: str) -> None:
    with pytest.raises(BoneAgeError) as caught:
        load_reading(text)
    assert caught.value.kind is Kind.BAD_DATA


def test_a_reading_of_today_is_read_by_every_later_version() -> None:
    """Written by hand from the schema: changing the code must not make it unreadable."""
    line = (
        '{"format":1,"uid":"1.2.3","made_at":"2026-11-21T12:30:05.250000+01:00","version":"0.1.0","status":"amended","predecessor":"1.2.2",'
        '"identity":{"patient_name":"Wang^XiaoDong=\\u738b^\\u5c0f\\u4e1c","patient_id":"1","accession_number":"2","study_uid":"1.2",'
        '"sop_uid":"1.3","series_uid":"1.4","id_issuer":"A","birth_date":"2019-01-02"},"film":{"sha256":"'
        + "ab"
        * 32
        + '","size":[3,2],"spacing_mm":[0.1,0.2],"side":"left","study_date":"2026-11-20"},"sex":"male","sex_source":"header",'
        '"chronological_age_months":94.5,"height_cm":null,"system":"s","weights":["w"],"flags":["mirrored"],"estimate":null,'
        '"refusal":{"kind":"no-hand","came":"a","expected":"b","todo":"c"},"drawing":null,"decision":{"reader":"R",'
        '"at":"2026-11-22T00:00:00+00:00","bone_age_months":90,"plate_months":null,"reason":"r"}}'
    )
    made = load_reading(line)
    assert (made.uid, made.bone_age_months, made.film.side, made.sex) == ("1.2.3", 90.0, Side.LEFT, Sex.MALE)
    assert made.made_at == datetime(2026, 11, 21, 11, 30, 5, 250000, tzinfo=UTC)
    assert made.refusal == Refusal(Kind.NO_HAND, "a", "b", "c")
    assert json.loads(dump_reading(made)) == json.loads(line)


def test_a_time_without_its_zone_is_not_written(reading: MakeReading) -> None:
    with pytest.raises(ValueError, match="zone"):
        reading_to_json(reading(made_at=datetime(2026, 11, 21)))


def test_what_is_derived(reading: MakeReading) -> None:
    found = with_derived(reading(Status.SIGNED))["derived"]
    assert (found["bone_age"], found["chronological_age"], found["category"]) == (
        "7 years 9 months",
        "7 years 6 months",
        "within",
    )
    assert found["changed"]
    assert found["sd_score"] == pytest.approx((93 - found["norm"]["mean_months"]) / found["norm"]["sd_months"])
    assert found["gap"] is None
    found = with_derived(reading(chronological_age_months=None), Language.GERMAN)["derived"]
    assert (found["gap"], found["norm"], found["category"], found["sd_score"]) == ("age-unknown", None, None, None)
    assert "Jahre" in found["bone_age"]
    assert with_derived(reading(refused=True))["derived"]["bone_age"] is None


def test_the_lines_of_the_command_are_as_their_schema_says(
    assessment: Callable[..., Assessment], estimate: Callable[..., Estimate]
) -> None:
    valid = strict("record-1.json")
    outcomes: list[Assessment | Failure] = [
        assessment(estimate(sex, 99.0, flags=frozenset(Flag)), flags=frozenset(Flag)) for sex in (None, *Sex)
    ]
    outcomes += [assessment(estimate(Sex.FEMALE, 0.0), estimate(Sex.MALE, 240.0), chronological_age_months=90.0)]
    outcomes += [Failure(BoneAgeError(kind, came="a", expected="b", todo="c"), 0.1) for kind in Kind]
    for outcome in outcomes:
        record = to_record("a.png", outcome, REFERENCE)
        valid.validate(json.loads(json.dumps(record)))
        for left in record:
            lacks = {key: value for key, value in record.items() if key != left}
            assert not valid.is_valid(lacks) or left == "spread_months"
        reports = [{"format": "sr", "sex": None, "file": None, "error": {"kind": "unsupported", "message": "x"}}]
        reports += [{"format": "pdf", "sex": "male", "file": "reports/0001/report.pdf", "error": None}]
        valid.validate(record | {"reports": reports})
