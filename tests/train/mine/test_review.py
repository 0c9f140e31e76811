"""The review page over real HTTP: films out, decisions in and at once on disk, nothing for strangers."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import cv2
import numpy as np
import pytest

pytest.importorskip("fastapi", reason="needs the train extra")
pytest.importorskip("uvicorn", reason="needs the train extra")

from boneage.train.mine.decide import By, Verdict
from boneage.train.mine.folder import MineFolder
from boneage.train.mine.points import Films
from boneage.train.mine.review import Answer, Review, serving
from boneage.train.mine.score import score


@pytest.fixture
def round_(here: MineFolder, hands: Any) -> Any:
    """Round 1 with a mask for each hand and no decision; the last film's mask is shifted."""
    first = here.round(0)
    here.summarize(first)
    round_ = here.round(1)
    for film, hand in hands.items():
        mask = hand.mask if film != max(hands) else np.roll(hand.mask, 30, 1)
        sure = np.where(mask, np.float32(1), np.float32(0))
        round_.add_mask(film, mask, score(hand.film, mask, hand.known, probability=sure, before=None))
    return round_


@pytest.fixture
def page(here: MineFolder, films: Films, round_: Any) -> Iterator[str]:
    with serving(Review(here, films, round_), 0) as address:
        yield address


def get(address: str, headers: dict[str, str] | None = None) -> bytes:
    with urlopen(Request(address, headers=headers or {}), timeout=10) as answer:
        return bytes(answer.read())


def state(page: str) -> dict[str, Any]:
    return dict(json.loads(get(f"{page}state")))


def post(address: str, body: Any, kind: str = "application/json", headers: dict[str, str] | None = None) -> dict[str, Any]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    with urlopen(Request(address, data=data, headers={"Content-Type": kind, **(headers or {})}), timeout=10) as answer:
        return dict(json.loads(answer.read()))


def refused(call: Callable[[], Any]) -> int:
    with pytest.raises(HTTPError) as error:
        call()
    error.value.close()
    return error.value.code


def test_the_page_and_its_films(page: str, ids: list[int], round_: Any) -> None:
    assert b"<kbd>K</kbd>" in get(page)
    found = state(page)
    assert (found["total"], found["decided"], found["round"]) == (len(ids), 0, 1)
    assert sorted(found["left"]) == ids
    assert found["left"][-1] == max(ids), "what the rule doubts comes last"
    picture = cv2.imdecode(np.frombuffer(get(f"{page}film/{ids[0]}.jpg"), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (598, 598, 3)
    spread = picture.astype(int).max(2) - picture.min(2)
    lines = cv2.findContours(round_.mask(ids[0]).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)[0]
    on_line = np.mean([spread[2 * y : 2 * y + 2, 2 * x : 2 * x + 2].max() > 60 for line in lines for ((x, y),) in line])
    assert on_line > 0.9, "the outline is drawn in color where the mask ends"


def test_decisions_are_at_once_on_disk(page: str, ids: list[int], round_: Any) -> None:
    for film, verdict in zip(ids, ("keep", "discard", "later"), strict=False):
        post(f"{page}decide", {"answers": [{"id": film, "verdict": verdict}]})
        assert round_.decisions()[film].verdict is Verdict(verdict)
        assert round_.decisions()[film].by is By.PAGE
    found = state(page)
    assert found["decided"] == 3
    assert not set(ids[:3]) & set(found["left"])


def test_undo_takes_back_one_by_one(page: str, ids: list[int], round_: Any) -> None:
    for film in ids[:2]:
        post(f"{page}decide", {"answers": [{"id": film, "verdict": "keep"}]})
    assert post(f"{page}undo", {}) == {"id": ids[1]}
    assert set(round_.decisions()) == {ids[0]}
    assert state(page)["left"][0] == ids[1], "and is shown next"
    assert post(f"{page}undo", {}) == {"id": ids[0]}
    assert post(f"{page}undo", {}) == {"id": None}
    assert not round_.decisions()


def test_undo_brings_back_the_rule_s_verdict(here: MineFolder, films: Films, ids: list[int], round_: Any) -> None:
    round_.decide(ids[0], Verdict.DISCARD, By.RULE)
    review = Review(here, films, round_, again=True)
    review.decide([Answer(id=ids[0], verdict="keep")])
    assert round_.decisions()[ids[0]].by is By.PAGE
    assert review.undo() == ids[0]
    restored = round_.decisions()[ids[0]]
    assert (restored.verdict, restored.by) == (Verdict.DISCARD, By.RULE)
    assert ids[0] in review.state()["left"]  # type: ignore[operator]


def test_a_grid_is_decided_at_once(page: str, ids: list[int], round_: Any) -> None:
    answers = [{"id": film, "verdict": "discard" if film == ids[4] else "keep"} for film in ids]
    assert post(f"{page}decide", {"answers": answers}) == {"decided": len(ids)}
    assert round_.kept() == set(ids) - {ids[4]}
    assert state(page)["left"] == []


def test_another_server_goes_on_where_one_stopped(page: str, ids: list[int], here: MineFolder, films: Films, round_: Any) -> None:
    post(f"{page}decide", {"answers": [{"id": film, "verdict": "keep"} for film in ids[:4]]})
    with serving(Review(here, films, round_), 0) as address:
        found = state(address)
        assert (found["total"], found["decided"]) == (len(ids), 4)
        assert sorted(found["left"]) == ids[4:]
        post(f"{address}undo", {})
        assert len(round_.decisions()) == 3


def test_the_rules_decisions_come_again_only_when_asked(here: MineFolder, films: Films, ids: list[int], round_: Any) -> None:
    for film in ids[:5]:
        round_.decide(film, Verdict.KEEP, By.RULE)
    round_.decide(ids[5], Verdict.KEEP, By.IMPORT)
    assert sorted(Review(here, films, round_).queue) == ids[6:]
    assert sorted(Review(here, films, round_, again=True).queue) == [*ids[:5], *ids[6:]]


@pytest.mark.parametrize(
    "body",
    [
        b"no json",
        {},
        {"answers": []},
        {"answers": [{"id": "x", "verdict": "keep"}]},
        {"answers": [{"id": 1.5, "verdict": "keep"}]},
        {"answers": [{"id": 1378, "verdict": "delete"}]},
        {"answers": [{"id": 1378, "verdict": "open"}]},
        {"answers": [{"id": 1378, "verdict": "keep", "more": 1}]},
        {"answers": [{"id": 1378, "verdict": "keep"}] * 101},
    ],
)
def test_bad_answers_are_refused(page: str, body: Any, round_: Any) -> None:
    assert refused(lambda: post(f"{page}decide", body)) == 422
    assert not round_.decisions()


def test_films_of_other_reviews_are_refused(page: str, ids: list[int], round_: Any) -> None:
    answers = [{"id": ids[0], "verdict": "keep"}, {"id": 4, "verdict": "keep"}]
    assert refused(lambda: post(f"{page}decide", {"answers": answers})) == 404
    assert not round_.decisions(), "all or nothing"
    for path in ("film/4.jpg", "film/..%2fmine.toml", "film/x.jpg", "mine.toml", "docs", "openapi.json"):
        assert refused(lambda path=path: get(f"{page}{path}")) in {404, 422}


def test_other_sites_cannot_reach_it(page: str, ids: list[int], round_: Any) -> None:
    """A page elsewhere can send forms and plain text here without being asked, and can point its own name at this address."""
    answer = json.dumps({"answers": [{"id": ids[0], "verdict": "discard"}]}).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert refused(lambda kind=kind: post(f"{page}decide", answer, kind)) in {415, 422}
    assert refused(lambda: get(f"{page}state", {"Host": "evil.example"})) == 400
    assert refused(lambda: post(f"{page}decide", answer, headers={"Host": "evil.example"})) == 400
    assert not round_.decisions()


def test_it_listens_on_this_machine_alone(page: str) -> None:
    assert page.startswith("http://127.0.0.1:")
