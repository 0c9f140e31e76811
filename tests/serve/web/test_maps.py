"""Heat maps over REST: the page is told that they are being made, asks the workers for them, and then has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from fastapi import FastAPI

from boneage.explain.heat import HeatMap
from boneage.geometry import PixelMap
from boneage.serve.map_maker import MapMaker
from boneage.serve.settings import Reads, Settings
from boneage.serve.site import Site
from boneage.serve.states import Origin
from boneage.serve.store.records import Film
from boneage.serve.web.app import create_app

API = "/api/v1"


def a_map(size: tuple[int, int]) -> HeatMap:
    values = np.zeros((8, 6), np.float32)
    values[2, 3] = 5.25
    return HeatMap("occlusion", values, PixelMap.resize((8, 6), size), "what", "months", ("a-2026-11",))


def test_asked_for_then_there(site: Site, put: Callable[..., Film], reader: Any) -> None:
    film = put()
    (reading,) = site.worklist.versions(film.id)
    path = f"{API}/films/{film.id}/maps"
    for _ in range(2):
        answer = reader.get(path)
        assert (answer.status_code, answer.json(), answer.headers["Retry-After"]) == (202, [], "1")
    assert reader.get(f"{path}/0.png").status_code == 404
    assert site.pictures.maps.asked() == [film.id]
    assert MapMaker(site.worklist, site.pictures, lambda *_: (a_map(reading.film.size),)).step()
    answer = reader.get(path)
    assert answer.status_code == 200
    (told,) = answer.json()
    assert told["name"] == "occlusion"
    assert "Brightest: 5." in told["legend"]
    data = reader.get(f"{path}/0.png").content
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    height, width = reading.film.size
    assert picture.shape[2] == 4
    assert picture.shape[0] / picture.shape[1] == pytest.approx(height / width, rel=0.01)
    y, x = np.unravel_index(picture[..., 3].argmax(), picture.shape[:2])
    assert int(8 * y / picture.shape[0]) == 2
    assert int(6 * x / picture.shape[1]) == 3
    assert reader.get(f"{path}/1.png").status_code == 404


def test_none_of_a_refused_film_and_nobody_is_asked(site: Site, put: Callable[..., Film], reader: Any) -> None:
    for film in (put(None), put("waiting", data=b"\x89PNG\r\n\x1a\n")):
        answer = reader.get(f"{API}/films/{film.id}/maps")
        assert (answer.status_code, answer.json()) == (200, [])
    assert site.pictures.maps.asked() == []


def test_none_where_the_site_wants_none(
    settings: Settings, opened: Callable[[Settings], Site], visit: Callable[..., Any], png: bytes, reading: Callable[..., Any]
) -> None:
    site = opened(settings.model_copy(update={"reads": Reads(maps=False)}))
    app: FastAPI = create_app(site)
    received = site.intake.take(png, origin=Origin.UPLOAD, sender="reader")
    claimed = site.worklist.claim()
    assert claimed is not None
    assert site.worklist.answer(claimed, reading(100.0))
    answer = visit(app, site, "reader").get(f"{API}/films/{received.film_id}/maps")
    assert (answer.status_code, answer.json()) == (200, [])
    assert site.pictures.maps.asked() == []
