"""Words: errors as on the command line, sentences from one place, each asked for there."""

from __future__ import annotations

import re
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest

import boneage
from boneage.errors import BoneAgeError, Kind
from boneage.report.formats import Format
from boneage.report.language import Language
from boneage.report.reading import Status
from boneage.serve.site import Site
from boneage.serve.states import State
from boneage.serve.store.records import Handover, Role
from boneage.serve.store.worklist import Stale
from boneage.serve.web.found import READ_FIRST
from boneage.serve.web.limits import INTERNAL
from boneage.serve.web.words import FOLDER, error_words, errors_for_scripts, for_scripts, word, words

API = "/api/v1"
WEB = Path(boneage.__file__).parent / "serve" / "web"
BAD = {
    "empty": b"",
    "text": b"this is not a film at all",
    "a zip file": b"PK\x03\x04" + bytes(200),
    "cut short": b"\x89PNG\r\n\x1a\n" + bytes(60),
    "DICOM without anything": bytes(128) + b"DICM" + bytes(20),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_told_in_the_words_of_the_command_line(reader: Any, name: str) -> None:
    with pytest.raises(BoneAgeError) as failed:
        boneage.assess(BAD[name])
    expected = {"kind": failed.value.kind.value, "message": str(failed.value)}
    assessed = reader.post(f"{API}/assess", files={"file": ("hand.png", BAD[name])}).json()
    assert assessed["error"] == expected
    (received,) = reader.post(f"{API}/films", files={"files": ("hand.png", BAD[name])}).json()
    if received["error"] is not None:  # else the worker tells it
        assert received["error"] == expected


def test_more_films_at_once_than_cores_are_asked_to_come_again(site: Site, reader: Any) -> None:
    held = 0
    while site.at_once.acquire(blocking=False):
        held += 1
    assert held >= 1
    name = next(iter(BAD))
    busy = reader.post(f"{API}/assess", files={"file": ("hand.png", BAD[name])})
    assert busy.status_code == 503
    assert busy.headers["Retry-After"] == "1"
    assert "again in a moment" in busy.json()["error"]["message"]
    site.at_once.release(held)
    assert reader.post(f"{API}/assess", files={"file": ("hand.png", BAD[name])}).status_code == 200
    assert [site.at_once.acquire(blocking=False) for _ in range(held)] == [True] * held  # each gave its place back
    site.at_once.release(held)


def test_one_bad_file_among_good_ones_is_told_and_the_others_are_taken(reader: Any, png: bytes, dicom: bytes) -> None:
    files = [("files", ("a.png", png)), ("files", ("b.txt", b"no film")), ("files", ("c.dcm", dicom))]
    received = reader.post(f"{API}/films", files=files, data={"sex": "female"}).json()
    assert [one["error"] is None for one in received] == [True, False, True]
    again = reader.post(f"{API}/films", files=files[2:]).json()
    assert (again[0]["id"], again[0]["new"]) == (received[2]["id"], False)


def test_a_wrong_value_is_named_but_never_quoted(reader: Any, png: bytes) -> None:
    answer = reader.post(f"{API}/films", files={"files": ("a.png", png)}, data={"birth_date": "SECRET^NAME", "height_cm": "9999"})
    assert answer.status_code == 422
    assert "birth_date" in answer.json()["error"]["message"]
    assert "SECRET" not in answer.text
    assert "9999" not in answer.text


def test_every_sentence_of_a_template_is_there() -> None:
    known = words(Language.ENGLISH)
    asked = set()
    for file in (WEB / "templates").iterdir():
        asked |= set(re.findall(r'say\("(\w+)"[,)]', file.read_text()))
        asked |= {key for pair in re.findall(r'say\("(\w+)" if .+? else "(\w+)"', file.read_text()) for key in pair}
    assert len(asked) > 80
    assert asked <= known.keys()


def test_every_sentence_of_a_script_is_there_and_none_is_idle() -> None:
    text = "".join(file.read_text() for file in (WEB / "static").glob("*.js"))
    known = for_scripts(Language.ENGLISH).keys()
    assert set(re.findall(r'say\("(\w+)"', text)) <= known
    for key in known:
        name = key.removeprefix("keys_").removeprefix("key_")
        assert f'"{name}"' in text or f'"{key}"' in text, key


@pytest.mark.parametrize("kind", [State, Handover, Role, Status, Format])
def test_every_value_that_a_page_shows_has_its_word(kind: Any) -> None:
    prefix = {State: "state", Handover: "delivery", Role: "role", Status: "status", Format: "report"}[kind]
    for value in kind:
        assert word(Language.ENGLISH, f"{prefix}_{value.value}")


def catalog(language: Language) -> dict[str, str]:
    return tomllib.loads((FOLDER / f"{language.value}.toml").read_text(encoding="utf-8"))


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


OTHERS = [one for one in Language if one is not Language.ENGLISH]
EVERYWHERE = {"preset_auto", "report_pdf", "report_json", "report_sr", "report_fhir", "report_hl7", "js_mm"}
ALIKE = {  # words that two languages have in common
    Language.GERMAN: EVERYWHERE | {"overlay_points", "report_text", "monitor_drift", "monitor_sd"},
    Language.FRENCH: EVERYWHERE | {"nav_admin", "admin_title", "column_patient", "js_px"},
    Language.SPANISH: EVERYWHERE,
    Language.CHINESE: EVERYWHERE | {"percent", "js_upload_sending", "monitor_sd"},
}


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalog_has_the_keys_and_the_placeholders_of_the_english_one_in_its_order(language: Language) -> None:
    english, own = catalog(Language.ENGLISH), catalog(language)
    assert list(own) == list(english)
    assert {key for key in english if placeholders(english[key]) != placeholders(own[key])} == set()
    assert all(sentence.strip() for sentence in own.values())


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_was_left_in_english(language: Language) -> None:
    english, own = catalog(Language.ENGLISH), catalog(language)
    assert {key for key in english if own[key] == english[key]} <= ALIKE[language]


@pytest.mark.parametrize("language", Language)
def test_page_and_report_say_the_same_of_an_age_and_of_a_status(language: Language) -> None:
    own = words(language)
    assert own["js_age_short"] == own["age_short"]
    assert own["not_known"] == own["unknown"]
    assert own["column_bone_age"] == own["bone_age"]
    assert own["key_norm"] == own["trend_band"]


@pytest.mark.parametrize("language", Language)
def test_an_error_that_is_told_over_rest_has_its_sentence(language: Language) -> None:
    told = {"sign in first", READ_FIRST, INTERNAL, str(Stale())}
    for file in WEB.glob("*.py"):
        told |= set(re.findall(r'HTTPException\(\d+, "([^"]+)"', file.read_text()))
    assert len(told) > 12
    for message in told:
        own = error_words(language, message)
        assert own is not None, message
        assert (own == message) == (language is Language.ENGLISH)
    shown = errors_for_scripts(language)
    assert (told <= shown["texts"].keys()) == (language is not Language.ENGLISH)
    assert error_words(language, "<script>alert(1)</script>") is None


def test_every_kind_of_error_but_that_of_files_has_its_sentence_for_scripts() -> None:
    assert errors_for_scripts(Language.GERMAN)["kinds"].keys() == {kind.value for kind in Kind} - {"not-found"}
