"""What holds for every answer: headers, sizes, times, and that a failure tells nothing of a patient."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Message, Receive, Scope, Send

from boneage.report.formats import Format
from boneage.serve.settings import Settings, Web
from boneage.serve.site import Site
from boneage.serve.store.records import Film
from boneage.serve.web.app import create_app
from boneage.serve.web.limits import HEADERS, Limits

API = "/api/v1"
PAGES = ("/", "/sign-in", "/worklist", "/worklist/rows", "/next", "/admin", "/films/{film_id}", "/films/{film_id}/panel")


def addresses(app: FastAPI, film: Film) -> list[str]:
    """Every GET route, of that film."""
    paths = [path for path, kinds in app.openapi()["paths"].items() if "get" in kinds]
    values = {"film_id": film.id, "uid": film.reading_uid or "", "number": "0", "sex": "female", "months": "120", "form": "text"}
    return [path.format(**values) for path in (*paths, *PAGES)]


def test_security_headers_on_every_route_for_those_inside_and_outside(
    app: FastAPI, put: Callable[..., Film], admin: Any, nobody: Any
) -> None:
    film = put()
    style = f"/static/{app.state.static.digest}/base.css"
    seen = set()
    for path in [*addresses(app, film), style, "/nowhere", f"{API}/nowhere", "/static/old/base.css", f"{API}/films/nothing"]:
        for visitor in (admin, nobody):
            for answer in (visitor.get(path), visitor.page(path)):
                seen.add(answer.status_code)
                for name, value in HEADERS.items():
                    if name != "Content-Security-Policy" or not path.endswith("/reports/html"):
                        assert answer.headers[name] == value, (path, name)
                if answer.status_code == 200 and path not in (style, "/openapi.json") and not path.startswith(f"{API}/plates"):
                    assert answer.headers["Cache-Control"] == "no-store", path
    assert seen == {200, 202, 303, 401, 404}  # 202: no worker makes the maps here


def test_the_policy_lets_no_script_in_but_our_own() -> None:
    policy = dict(part.strip().split(" ", 1) for part in HEADERS["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


def test_pages_hold_no_script_and_no_style_that_the_policy_would_stop(app: FastAPI, put: Callable[..., Film], admin: Any) -> None:
    film = put()
    for path in ("/worklist", f"/films/{film.id}", "/admin"):
        text = admin.page(path).text
        assert " style=" not in text
        assert "<style" not in text
        assert " on" not in "".join(part.split(">")[0] for part in text.split("<")).replace(" only", "").replace(" on the", "")
        assert text.count("<script") == text.count("<script src=") + text.count('<script type="')
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text  # all of it is local


def test_the_reports_page_is_shut_off_from_the_site(put: Callable[..., Film], reader: Any) -> None:
    answer = reader.get(f"{API}/readings/{put().reading_uid}/reports/html")
    policy = answer.headers["Content-Security-Policy"]
    assert "sandbox" in policy
    assert "script" not in policy
    assert "default-src 'none'" in policy


def test_too_large_an_upload_is_refused_in_words(
    settings: Settings, opened: Callable[..., Site], visit: Callable[..., Any]
) -> None:
    site = opened(settings.model_copy(update={"web": Web(upload_mib=1)}))
    visitor = visit(create_app(site), site, "reader")
    answer = visitor.post(f"{API}/films", files={"files": ("big.png", bytes(2**20 + 1))})
    assert answer.status_code == 413
    assert answer.json()["error"]["kind"] == "too-large"
    assert "1 MiB" in answer.json()["error"]["message"]
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert not any(site.worklist.counts().values())
    assert visitor.get(f"{API}/films").status_code == 200  # the service goes on


def ask(app: Limits) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Of a bare ASGI application."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app({"type": "http", "method": "BREW", "path": "/x", "headers": []}, receive, send))
    headers = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
    return sent[0]["status"], json.loads(sent[1]["body"]), headers


def test_a_request_that_takes_too_long_is_ended_in_words() -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(60)

    status, said, headers = ask(Limits(slow, most_bytes=1, seconds=0.01, https=False))
    assert status == 503
    assert "no answer within 0.01 seconds" in said["error"]["message"]
    assert headers["x-content-type-options"] == "nosniff"


def test_what_nobody_foresaw_tells_nothing_to_the_asker_or_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(scope: Scope, receive: Receive, send: Send) -> None:
        raise ValueError("DOE^JANE in /secret/path")

    with caplog.at_level(logging.DEBUG):
        status, said, _ = ask(Limits(broken, most_bytes=1, seconds=5, https=True))
    assert status == 500
    assert said["error"]["kind"] == "internal"
    for text in (json.dumps(said), caplog.text):
        assert "DOE" not in text
        assert "secret" not in text
    assert "ValueError" in caplog.text
    assert "BREW" not in caplog.text


def test_an_internal_error_of_the_app_itself_is_clean(
    app: FastAPI, reader: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise KeyError("DOE^JANE")

    monkeypatch.setattr("boneage.serve.store.worklist.Worklist.page", broken)
    with caplog.at_level(logging.DEBUG):
        answer = reader.get(f"{API}/films")
    assert answer.status_code == 500
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "DOE" not in answer.text + caplog.text
    assert 'status="500"' in reader.get("/metrics").text


UNKNOWN = "0" * 32
OF_A_FILM = ("", "/preview.png", "/thumb.jpg", "/grays", "/drawing", "/maps", "/maps/0.png", "/history", "/audit")


@pytest.mark.parametrize("film_id", [UNKNOWN, "%2e%2e%2f", "a'--", "\u202e"])
def test_an_unknown_film_is_not_found(reader: Any, film_id: str) -> None:
    for rest in OF_A_FILM:
        assert reader.get(f"{API}/films/{film_id}{rest}").status_code == 404, rest
    for action in ("sign", "amend", "withdraw", "reveal"):
        answer = reader.post(f"{API}/films/{film_id}/{action}", {"seen": "1.2", "months": 100, "reason": "x"})
        assert answer.status_code == 404
    assert reader.post(f"{API}/films/{film_id}/correct", {"sex": "male"}).status_code == 404


def test_other_unknown_things_are_not_found(reader: Any, admin: Any) -> None:
    assert reader.get(f"{API}/readings/1.2.3").status_code == 404
    for form in Format:
        assert reader.get(f"{API}/readings/1.2.3/reports/{form.value}").status_code == 404
    assert reader.get(f"{API}/plates/female/121.png").status_code == 404
    assert admin.post(f"{API}/deliveries/4711/try-again").status_code == 404
    answer = reader.page("/films/nothing")
    assert answer.status_code == 404
    assert "no such film" in answer.text
    assert answer.headers["content-type"].startswith("text/html")
