"""The pages: worklist, case in each state, plates, decisions, administration, and the files that they bring along."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from boneage.clinical.plates import plate_ages
from boneage.errors import Kind
from boneage.report.language import Language
from boneage.report.reading import Drawing, Reading, Refusal
from boneage.serve.settings import CStore, Reads, Settings
from boneage.serve.site import Site
from boneage.serve.states import State
from boneage.serve.store.records import Film
from boneage.serve.web.app import create_app
from boneage.types import Identity, Sex

API = "/api/v1"
LINE = re.compile(r'<tr id="film-(\w+)"')


def lines(visitor: Any, **asked: Any) -> list[str]:
    return LINE.findall(visitor.get("/worklist/rows", params=asked).text)


def test_the_worklist_filters_counts_and_searches(put: Callable[..., Film], reader: Any) -> None:
    first, second = put(100.0, who=Identity("Alpha^A", "P-1")), put(None, who=Identity("Beta^B", "P-2"))
    assert lines(reader) == [second.id, first.id]
    assert lines(reader, oldest_first=True) == [first.id, second.id]
    assert lines(reader, state="refused") == [second.id]
    assert lines(reader, text="beta") == [second.id]
    assert lines(reader, state="read", text="beta") == []
    text = reader.get("/worklist").text
    assert 'data-state="read" aria-pressed="false">Read <b>1</b>' in text
    assert 'data-state="" aria-pressed="true">All <b>2</b>' in text
    assert "No single hand was found" in text  # why, in the line


def test_the_worklist_goes_on_beyond_a_page(put: Callable[..., Film], reader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("boneage.serve.web.worklist_view.PAGE", 2)
    films = [put("waiting").id for _ in range(5)]
    seen = [line for page in (1, 2, 3) for line in lines(reader, page=page)]
    assert sorted(seen) == sorted(films)
    assert lines(reader, page=4) == []


def test_a_line_says_how_far_the_bone_age_is_from_the_norm(put: Callable[..., Film], reader: Any) -> None:
    put(60.0)  # a girl of ten
    assert re.search(r'class="number away">−\d\.\d<', reader.get("/worklist").text)


def test_a_waiting_film_says_so_and_offers_no_signature(put: Callable[..., Film], reader: Any) -> None:
    page = reader.get(f"/films/{put('waiting').id}").text
    assert "waits to be read" in page
    assert 'id="decide"' not in page


def test_a_film_is_accepted_amended_and_withdrawn(put: Callable[..., Film], reader: Any) -> None:
    film = put(100.4)
    page = reader.get(f"/films/{film.id}").text
    assert 'data-action="sign"' in page
    assert "8 years 4 months" in page
    signed = reader.post(f"{API}/films/{film.id}/sign", {"seen": film.reading_uid}).json()
    assert signed["reading"]["decision"]["bone_age_months"] == 100.4
    page = reader.get(f"/films/{film.id}").text
    assert "Signed by Dr. Reader" in page
    assert 'id="withdraw"' in page
    stale = reader.post(f"{API}/films/{film.id}/sign", {"seen": film.reading_uid})
    assert stale.status_code == 409
    seen = signed["reading"]["uid"]
    assert reader.post(f"{API}/films/{film.id}/amend", {"seen": seen, "months": 106}).status_code == 422  # without a reason
    said = {"seen": seen, "months": 106, "plate_months": 106, "reason": "closer to the plate"}
    amended = reader.post(f"{API}/films/{film.id}/amend", said).json()
    assert amended["film"]["state"] == "amended"
    assert amended["reading"]["predecessor"] == seen
    page = reader.get(f"/films/{film.id}").text
    assert "closer to the plate" in page
    assert "Versions (3)" in page
    last = {"seen": amended["reading"]["uid"], "reason": "another child's film"}
    assert reader.post(f"{API}/films/{film.id}/withdraw", last).json()["film"]["state"] == "withdrawn"
    page = reader.get(f"/films/{film.id}").text
    assert "<s>8 years 10 months</s>" in page
    assert "Read anew" in page
    assert "<s>8 y 10 m</s>" in reader.get("/worklist").text


def test_a_refused_film_says_why_and_is_read_by_hand(put: Callable[..., Film], reader: Any) -> None:
    film = put(None)
    page = reader.get(f"/films/{film.id}").text
    assert "No single hand was found" in page
    assert "Read by hand" in page
    assert "Take another." in page
    assert reader.post(f"{API}/films/{film.id}/sign", {"seen": film.reading_uid}).status_code == 422
    said = reader.post(f"{API}/films/{film.id}/sign", {"seen": film.reading_uid, "months": 84}).json()
    assert said["film"]["bone_age_months"] == 84


def test_a_correction_has_the_film_read_again(put: Callable[..., Film], reader: Any, site: Site) -> None:
    film = put(None, sex=None)
    assert 'id="correct"' in reader.get(f"/films/{film.id}").text
    said = reader.post(f"{API}/films/{film.id}/correct", {"sex": "male", "height_cm": 140.5}).json()
    assert (said["state"], said["sex"], said["height_cm"]) == ("waiting", "male", 140.5)
    assert site.worklist.claim() is not None


def test_plates_are_shown_with_their_probabilities_and_the_gap_where_there_is_no_picture(
    put: Callable[..., Film], reader: Any
) -> None:
    page = reader.get(f"/films/{put(120.0).id}").text
    assert '<span class="gap">No picture' not in page
    young = reader.get(f"/films/{put(12.0).id}").text
    shown = [int(months) for months in re.findall(r'class="plate" data-months="(\d+)"', young)]
    assert young.count('<span class="gap">No picture') == sum(months < 24 for months in shown) > 0  # of too few films
    cards = re.findall(r'class="plate" data-months="(\d+)"', page)
    assert cards == ["106", "120", "132"]
    assert ">100%<" in page
    assert page.count("<option value=") >= len(plate_ages(Sex.FEMALE))


def test_a_sites_own_plates_are_shown(
    settings: Settings, site: Site, visit: Callable[..., Any], put: Callable[..., Film], tmp_path: Path
) -> None:
    film = put(120.0)
    (tmp_path / "female-120.png").write_bytes(b"\x89PNG")
    site = replace(site, settings=settings.model_copy(update={"reads": Reads(plates=tmp_path)}))
    visitor = visit(create_app(site), site, "reader")
    assert f'src="{API}/plates/female/120.png"' in visitor.get(f"/films/{film.id}").text
    assert visitor.get(f"{API}/plates/female/120.png").content == b"\x89PNG"
    assert visitor.get(f"{API}/plates/female/12.png").status_code == 404


def test_the_drawing_tells_where_the_system_looked_in_the_films_own_pixels(put: Callable[..., Film], reader: Any) -> None:
    points = np.arange(42.0).reshape(21, 2)
    drawing = Drawing(points, {"whole hand": np.array([(0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0)])})
    said = reader.get(f"{API}/films/{put(100.0, drawing=drawing).id}/drawing").json()
    assert np.array_equal(said["points"], points)
    assert len(said["chains"]) == 5
    assert said["regions"]["whole hand"][2] == [9.0, 9.0]
    assert (said["height"], said["width"]) == (200, 150)
    assert reader.get(f"{API}/films/{put('waiting').id}/drawing").status_code == 404


def test_grays_are_the_film(put: Callable[..., Film], reader: Any) -> None:
    answer = reader.get(f"{API}/films/{put('waiting').id}/grays")
    height, width = int(answer.headers["X-Height"]), int(answer.headers["X-Width"])
    grays = np.frombuffer(answer.content, "<u2").reshape(height, width)
    assert (height, width) == (1000, 750)
    assert grays.max() > 30_000
    assert float(answer.headers["X-Scale"]) == 1


def test_small_pictures_are_made_once(put: Callable[..., Film], reader: Any, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    film = put("waiting")
    first = reader.get(f"{API}/films/{film.id}/thumb.jpg").content
    assert first.startswith(b"\xff\xd8")
    assert len(first) < 20_000
    monkeypatch.setattr("boneage.serve.pictures.read", None)
    assert reader.get(f"{API}/films/{film.id}/thumb.jpg").content == first


def test_the_next_film_is_one_that_nobody_has_signed(put: Callable[..., Film], reader: Any) -> None:
    films = [put(100.0) for _ in range(3)]
    after = reader.get("/next", params={"after": films[2].id}).headers["location"]
    assert after == f"/films/{films[1].id}"
    reader.post(f"{API}/films/{films[1].id}/sign", {"seen": films[1].reading_uid})
    assert reader.get("/next", params={"after": films[2].id}).headers["location"] == f"/films/{films[0].id}"
    assert reader.get("/next", params={"after": films[0].id}).headers["location"] == f"/films/{films[2].id}"
    for film in (films[0], films[2]):
        reader.post(f"{API}/films/{film.id}/sign", {"seen": film.reading_uid})
    assert reader.get("/next", params={"after": films[2].id}).headers["location"] == "/worklist"


def test_the_follow_up_shows_signed_earlier_films(put: Callable[..., Film], reader: Any) -> None:
    first = put(100.0)
    assert "more-trend" not in reader.get(f"/films/{first.id}").text
    reader.post(f"{API}/films/{first.id}/sign", {"seen": first.reading_uid})
    assert 'class="trend"' in reader.get(f"/films/{put(104.0).id}").text


def test_reports_are_offered_as_far_as_the_film_can_give_them(put: Callable[..., Film], reader: Any) -> None:
    def offered(film: Film) -> set[str]:
        return set(re.findall(r'data-format="(\w+)"', reader.get(f"/films/{film.id}").text))

    assert offered(put(100.0)) == {"text", "html", "pdf", "json", "fhir", "hl7"}
    assert offered(put(100.0, who=Identity("A^B", sop_uid="1.2.3.99"))) >= {"sr", "sc", "gsps"}
    assert offered(put(None)) == {"text", "html", "pdf", "json"}


@pytest.mark.parametrize("form", ["text", "html", "json"])
def test_a_report_is_fetched_and_the_trail_says_so(put: Callable[..., Film], reader: Any, form: str) -> None:
    film = put(100.0)
    answer = reader.get(f"{API}/readings/{film.reading_uid}/reports/{form}")
    assert answer.status_code == 200
    assert b"Unverified" in answer.content or b"unverified" in answer.content
    trail = reader.get(f"{API}/films/{film.id}/audit").json()
    assert (trail[-1]["action"], trail[-1]["detail"]) == ("fetch-report", {"format": form})


def test_static_files_are_kept_for_ever_under_their_digest(app: FastAPI, reader: Any, nobody: Any) -> None:
    page = nobody.get("/sign-in").text
    for address in re.findall(r'(?:src|href)="(/static/[^"]+)"', page):
        answer = nobody.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
    digest = app.state.static.digest
    for name in app.state.static.files:
        text = nobody.get(f"/static/{digest}/{name}").text
        for other in re.findall(r'from "\./([\w.]+)"', text):
            assert other in app.state.static.files
    assert nobody.get("/static/0123456789abcdef/base.css").status_code == 404
    assert nobody.get(f"/static/{digest}/..%2fpages.py").status_code == 404


def test_the_administration_shows_users_and_what_happened(put: Callable[..., Film], admin: Any) -> None:
    film = put(100.0)
    page = admin.page("/admin").text
    assert "Dr. Reader" in page
    assert film.id[:8] in page
    new = {"name": "new one", "display_name": "Dr. New", "role": "reader", "password": "a long enough one"}
    assert admin.post(f"{API}/users", new).status_code == 201
    assert "Dr. New" in admin.page("/admin").text
    changed = new | {"role": "admin", "active": False}
    assert admin.ask("PUT", f"{API}/users/new one", json=changed).json()["active"] is False
    assert admin.post(f"{API}/users", new | {"name": "weak", "password": "short"}).status_code == 422


def test_left_alone_films_are_kept_apart(put: Callable[..., Film], reader: Any, site: Site) -> None:
    film = put("waiting")
    from sqlalchemy import update

    from boneage.serve.store import schema

    with site.engine.begin() as connection:
        connection.execute(update(schema.films).values(state=State.LEFT_ALONE.value))
    assert lines(reader) == []
    assert lines(reader, state="left-alone") == [film.id]
    assert "do not count this film" in reader.get(f"/films/{film.id}").text


def test_readings_of_one_film_only_are_its_own(put: Callable[..., Film], reader: Any, reading: Callable[..., Reading]) -> None:
    film, other = put(100.0), put(110.0)
    assert reader.post(f"{API}/films/{film.id}/sign", {"seen": other.reading_uid}).status_code == 409


def test_a_film_without_a_sex_asks_for_it_first(put: Callable[..., Film], reader: Any) -> None:
    why = Refusal(Kind.SEX_UNKNOWN, "a film that does not say the sex", "female or male", "Give it.")
    page = reader.get(f"/films/{put(None, sex=None, refusal=why).id}").text
    assert "The system needs the sex" in page
    assert page.index('id="correct"') < page.index('id="decide"')
    assert "No plates: the sex is not known." in page


def test_deliveries_are_shown_with_how_far_they_are_and_tried_again(
    settings: Settings, site: Site, visit: Callable[..., Any], put: Callable[..., Film]
) -> None:
    pacs = (CStore(kind="c-store", name="pacs", ae_title="PACS", host="pacs.example", port=104),)
    sending = replace(site, desk=replace(site.desk, destinations=pacs))
    reader, admin = (visit(create_app(sending), sending, name) for name in ("reader", "admin"))
    film = put(100.0)
    reader.post(f"{API}/films/{film.id}/sign", {"seen": film.reading_uid})
    page = reader.get(f"/films/{film.id}").text
    assert page.count("on its way") == 2
    found = admin.get(f"{API}/deliveries").json()
    assert [one["what"] for one in found] == ["sr", "sc"]
    assert reader.post(f"{API}/deliveries/{found[0]['number']}/try-again").status_code == 403
    assert admin.post(f"{API}/deliveries/{found[0]['number']}/try-again").status_code == 204
    assert admin.page("/admin").text.count("Try again") == 2


@pytest.mark.parametrize("language", Language)
def test_each_language_of_the_site_gives_whole_pages(
    settings: Settings, site: Site, visit: Callable[..., Any], put: Callable[..., Film], language: Language
) -> None:
    film, refused = put(100.0), put(None)
    spoken = replace(site, settings=settings.model_copy(update={"reads": Reads(language=language)}))
    reader = visit(create_app(spoken), spoken, "reader")
    for path in ("/worklist", f"/films/{film.id}", f"/films/{refused.id}"):
        answer = reader.page(path)
        assert answer.status_code == 200
        assert f'<html lang="{language.tag}"' in answer.text
