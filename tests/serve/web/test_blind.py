"""Blind mode: before a reader has said something, no route tells what the system said; afterwards only to that reader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.report.formats import Format
from boneage.report.language import Language, age, age_short
from boneage.report.reading import Reading
from boneage.serve.intake import Given
from boneage.serve.map_maker import MapMaker
from boneage.serve.settings import Reads, Settings
from boneage.serve.site import Site
from boneage.serve.states import Origin
from boneage.serve.store.records import Film
from boneage.serve.web.app import create_app
from boneage.types import Flag, Identity, Sex

API = "/api/v1"
MONTHS = 187.25  # nowhere else on the pages
TELLING = (
    "187.2",
    "187.3",
    age(Language.ENGLISH, MONTHS),
    age_short(Language.ENGLISH, MONTHS),
    "Under 2 and over 18",
    "less sure",
)


@dataclass(frozen=True)
class Blind:
    """A blind site with one film that was read."""

    app: FastAPI
    site: Site
    film: Film
    reader: Any
    other: Any
    admin: Any
    device: Any

    def routes(self) -> list[str]:
        paths = [path for path, kinds in self.app.openapi()["paths"].items() if "get" in kinds and path != f"{API}/audit"]
        pages = ["/worklist", "/worklist/rows?state=read", "/films/{film_id}", "/films/{film_id}/panel", "/next"]
        forms = [f"{API}/readings/{{uid}}/reports/{form.value}" for form in Format]
        values = {"film_id": self.film.id, "uid": self.film.reading_uid, "number": "0", "sex": "female", "months": "120"}
        return [path.format(form="json", **values) for path in (*paths, *pages, *forms)]


@pytest.fixture
def blind(
    settings: Settings,
    opened: Callable[..., Site],
    visit: Callable[..., Any],
    reading: Callable[..., Reading],
    png: bytes,
) -> Blind:
    site = opened(settings.model_copy(update={"reads": Reads(blind=True)}))
    app = create_app(site)
    given = Given(Identity("DOE^JANE", "MRN-4711", birth_date="2014-05-01"), "2024-05-01", Sex.FEMALE)
    received = site.intake.take(png, origin=Origin.UPLOAD, sender="reader", given=given)
    claimed = site.worklist.claim()
    assert claimed is not None
    flags = frozenset({Flag.NEAR_RANGE_END, Flag.WIDE_INTERVAL, Flag.MIRRORED})
    assert site.worklist.answer(claimed, reading(MONTHS, identity=claimed.identity, flags=flags))
    film = site.worklist.film(received.film_id)
    assert film is not None
    return Blind(app, site, film, *(visit(app, site, name) for name in ("reader", "other", "admin", "device")))


def leaks(blind: Blind, visitor: Any) -> list[str]:
    """Addresses whose answers tell it."""
    found = []
    for path in blind.routes():
        answer = visitor.get(path)
        if any(one.encode() in answer.content for one in TELLING):
            found.append(path)
    return found


def choice(blind: Blind, **more: Any) -> dict[str, Any]:
    return {"seen": blind.film.reading_uid, **more}


def test_no_route_tells_the_answer_before_the_reader_has_read(blind: Blind) -> None:
    for visitor in (blind.reader, blind.admin):
        assert leaks(blind, visitor) == []
    page = blind.reader.page(f"/films/{blind.film.id}").text
    assert "Read first" in page
    assert "turned into a left hand" in page  # what is said of the film itself is told


@pytest.mark.parametrize("path", ["/maps", "/maps/0.png"])
def test_no_map_before_it(blind: Blind, path: str) -> None:
    site, film = blind.site, blind.film
    heat = HeatMap("occlusion", np.eye(4, dtype=np.float32), PixelMap.identity(), "what", "months", ("a-2026-11",))
    assert MapMaker(site.worklist, site.pictures, lambda *_: (heat,)).step()
    assert blind.reader.get(f"{API}/films/{film.id}{path}").status_code == 403
    blind.reader.post(f"{API}/films/{film.id}/reveal", choice(blind, months=150))
    assert blind.reader.get(f"{API}/films/{film.id}{path}").status_code == 200
    assert blind.other.get(f"{API}/films/{film.id}{path}").status_code == 403


def test_no_report_in_any_format_before_it(blind: Blind) -> None:
    for form in Format:
        assert blind.reader.get(f"{API}/readings/{blind.film.reading_uid}/reports/{form.value}").status_code == 403


def test_nothing_is_accepted_unseen(blind: Blind) -> None:
    assert blind.reader.post(f"{API}/films/{blind.film.id}/sign", choice(blind)).status_code == 422
    assert blind.reader.post(f"{API}/films/{blind.film.id}/reveal", choice(blind)).status_code == 422
    assert leaks(blind, blind.reader) == []


def test_no_way_around_by_assessing_the_same_film(blind: Blind, png: bytes) -> None:
    answer = blind.reader.post(f"{API}/assess", files={"file": ("f.png", png)}, data={"sex": "female"})
    assert answer.status_code == 403


def test_a_correction_tells_nothing_of_the_earlier_answer(blind: Blind) -> None:
    answer = blind.reader.post(f"{API}/films/{blind.film.id}/correct", {"sex": "male"})
    assert answer.json()["bone_age_months"] is None
    assert leaks(blind, blind.reader) == []


def test_who_has_said_something_sees_the_answer_and_nobody_else_does(blind: Blind) -> None:
    answer = blind.reader.post(f"{API}/films/{blind.film.id}/reveal", choice(blind, months=150, plate_months=156))
    assert answer.json()["reading"]["estimate"]["bone_age_months"] == MONTHS
    page = blind.reader.page(f"/films/{blind.film.id}").text
    assert age(Language.ENGLISH, MONTHS) in page
    assert age(Language.ENGLISH, 150) in page  # what was said first stands in the form
    assert 'data-start="150.0"' in page
    assert leaks(blind, blind.other) == []
    lines = [line for line in blind.reader.get(f"{API}/films/{blind.film.id}/audit").json() if line["action"] == "reveal"]
    assert [(line["actor"], line["detail"]) for line in lines] == [("reader", {"months": 150.0, "plate": 156.0})]
    assert not any("months" in line["detail"] for line in blind.other.get(f"{API}/films/{blind.film.id}/audit").json())


def test_what_was_said_first_is_kept_as_it_was(blind: Blind) -> None:
    for months in (150, 187):
        blind.reader.post(f"{API}/films/{blind.film.id}/reveal", choice(blind, months=months))
    assert 'data-start="150.0"' in blind.reader.page(f"/films/{blind.film.id}").text


def test_signed_it_is_hidden_from_nobody(blind: Blind) -> None:
    answer = blind.reader.post(f"{API}/films/{blind.film.id}/sign", choice(blind, months=150))
    assert answer.status_code == 200
    assert blind.other.get(f"{API}/films/{blind.film.id}").json()["reading"]["decision"]["bone_age_months"] == 150
    assert age_short(Language.ENGLISH, 150) in blind.other.get("/worklist").text


def test_a_device_fetches_results_for_it_reads_no_films(blind: Blind) -> None:
    assert blind.device.get(f"{API}/readings/{blind.film.reading_uid}").status_code == 200
