"""Health and metrics: numbers, and nothing of whom they are."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boneage.serve.store.records import Film
from boneage.types import Identity


def test_metrics_count_and_tell_of_nobody(put: Callable[..., Film], reader: Any, nobody: Any) -> None:
    film = put(who=Identity("SECRET^NAME", "ID-4711", "ACC-4711"))
    put(None)
    reader.get(f"/api/v1/films/{film.id}")
    reader.get("/worklist/rows", params={"text": "SECRET"})
    reader.get("/secret-address")
    reader.ask("BREW4711", "/worklist")
    text = nobody.get("/metrics").text
    assert 'boneage_films{state="read"} 1.0' in text
    assert 'boneage_films{state="refused"} 1.0' in text
    assert 'route="/api/v1/films/{film_id}",status="200"' in text
    for told in (film.id, film.reading_uid, "SECRET", "secret-address", "4711", "reader"):
        assert str(told) not in text


def test_health_is_open_and_tells_how_much_waits(put: Callable[..., Film], nobody: Any) -> None:
    put("waiting")
    said = nobody.get("/health").json()
    assert (said["status"], said["waiting"], said["undelivered"]) == ("ok", 1, 0)
