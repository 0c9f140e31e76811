"""Hostile names, identifiers and reasons: harmless in every page, plain in JSON, never in an address or a log."""

from __future__ import annotations

import logging
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest

from boneage.serve.store.records import Film
from boneage.types import Identity

API = "/api/v1"
SCRIPT = "<script>alert(1)</script>"
NAMES = (
    f"{SCRIPT}^Bobby",
    "\"><img src=x onerror=alert(1)>^'Q'",
    "\u202egnp.exe^Rtl\u2066",
    "{{ 7 * 7 }}^{% raw %}",
    "</title></script><svg/onload=alert(1)>",
    "a\x00b\x1b[31m^\ud800"[:8],
)
HOSTILE = frozenset("\u202e\u2066\u200f\x1b\x00")


class Tags(HTMLParser):
    """What a browser would make of it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("name", NAMES)
def test_a_hostile_name_is_text_and_nothing_else(
    put: Callable[..., Film], reader: Any, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    bad = Identity(name, f"{SCRIPT[:40]}", "'\"&<b>", birth_date="2014-05-01")
    with caplog.at_level(logging.DEBUG):
        film = put(who=bad)
        seen = {"seen": film.reading_uid, "months": 99, "reason": f"{SCRIPT} \u202e{name[:9]}"}
        assert reader.post(f"{API}/films/{film.id}/sign", seen).status_code == 200
        texts = [
            reader.page(path).text for path in ("/worklist", "/worklist/rows", f"/films/{film.id}", f"/films/{film.id}/panel")
        ]
    for text in texts:
        (tags := Tags()).feed(text)
        assert not [tag for tag, values in tags.found if tag == "script" and not {"src", "type"} & values.keys()]
        assert not [tag for tag, values in tags.found if "alert" in tag or any(key.startswith("on") for key in values)]
        assert not [values for tag, values in tags.found if tag == "img" and values.get("src") == "x"]
        assert not HOSTILE & set(text)
        assert ">49^" not in text  # no template of ours works on it
    assert "alert" not in caplog.text


@pytest.mark.parametrize("name", NAMES[:5])
def test_json_holds_the_name_as_it_came_and_says_that_it_is_json(put: Callable[..., Film], reader: Any, name: str) -> None:
    film = put(who=Identity(name, "P"))
    answer = reader.get(f"{API}/films/{film.id}")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.json()["film"]["patient_name"] == name


def test_a_film_is_found_by_name_with_the_databases_own_wildcards_in_it(put: Callable[..., Film], reader: Any) -> None:
    put(who=Identity("50%_Off^Jane", "P-1"))
    put(who=Identity("Other^Jane", "P-2"))
    for text, count in (("50%_", 1), ("%", 1), ("jane", 2), ("' OR 1=1 --", 0)):
        answer = reader.get("/worklist/rows", params={"text": text})
        assert answer.text.count('<tr id="film-') == count, text
        assert reader.get(f"{API}/films", params={"text": text}).json()["count"] == count


def test_downloads_are_named_without_the_patient(put: Callable[..., Film], reader: Any, dicom: bytes) -> None:
    film = put(who=Identity("Secret^Name", "P-1"))
    for form in ("json", "text", "html"):
        answer = reader.get(f"{API}/readings/{film.reading_uid}/reports/{form}")
        assert "secret" not in str(answer.headers).lower()
