"""Who comes in, what their browser keeps, and that no other site can act for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

from boneage.serve.settings import Settings, SignIn, Web
from boneage.serve.site import Site
from boneage.serve.store.records import Role, User
from boneage.serve.web.access import COOKIE
from boneage.serve.web.app import create_app

NAME, PASSWORD = "dr.who", "correct horse battery"
API = "/api/v1"


@pytest.fixture
def known(site: Site) -> Site:
    site.accounts.add(User(NAME, "Dr. Who", Role.READER), PASSWORD, actor="test")
    return site


def sign_in(visitor: Any, name: str = NAME, password: str = PASSWORD) -> Any:
    return visitor.post(f"{API}/session", {"name": name, "password": password})


def test_the_cookie_is_for_this_site_alone_and_not_for_scripts(known: Site, nobody: Any) -> None:
    answer = sign_in(nobody)
    assert answer.status_code == 201
    cookie = answer.headers["set-cookie"].lower()
    assert cookie.startswith(f"{COOKIE}=")
    assert {"httponly", "samesite=strict", "path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "secure" not in cookie  # plain HTTP on loopback: the browser would not send it back
    assert nobody.get(f"{API}/session").json()["name"] == NAME


def test_over_https_the_cookie_is_sent_over_https_alone(
    settings: Settings, opened: Callable[..., Site], visit: Callable[..., Any]
) -> None:
    site = opened(settings.model_copy(update={"web": Web(behind_https=True)}))
    site.accounts.add(User(NAME, "", Role.READER), PASSWORD, actor="test")
    answer = sign_in(visit(create_app(site), site, ""))
    assert "secure" in {part.strip().lower() for part in answer.headers["set-cookie"].split(";")}
    assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_a_wrong_password_and_an_unknown_name_are_told_in_the_same_words(known: Site, nobody: Any) -> None:
    wrong, unknown = sign_in(nobody, password="not the password"), sign_in(nobody, name="nobody.here")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json() == unknown.json()
    assert "set-cookie" not in wrong.headers


def test_after_sign_out_the_token_opens_nothing(known: Site, nobody: Any) -> None:
    said = sign_in(nobody).json()
    bearer = {"Authorization": f"Bearer {said['token']}"}
    assert nobody.ask("DELETE", f"{API}/session", csrf=said["csrf"]).status_code == 204
    assert nobody.get(f"{API}/films", headers=bearer).status_code == 401


def test_the_page_asks_who_comes_and_leads_to_where_they_wanted(nobody: Any) -> None:
    answer = nobody.page("/films/abc")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/films/abc")
    assert 'data-then="/films/abc"' in nobody.page(answer.headers["location"]).text


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "/\t/e"]
)
def test_the_page_leads_to_no_other_site(nobody: Any, address: str) -> None:
    assert 'data-then="/worklist"' in nobody.client.get("/sign-in", params={"next": address}).text


def changing_routes(app: FastAPI) -> list[tuple[str, str]]:
    paths = app.openapi()["paths"].items()
    return [(method.upper(), path) for path, kinds in paths for method in kinds if method not in ("get", "head")]


def test_no_change_without_the_sessions_token(app: FastAPI, admin: Any) -> None:
    routes = [(method, path) for method, path in changing_routes(app) if (method, path) != ("POST", f"{API}/session")]
    assert len(routes) > 8
    for method, path in routes:
        for csrf in ("", "wrong"):
            answer = admin.ask(method, path.replace("{", "").replace("}", ""), csrf=csrf, json={})
            assert answer.status_code in (403, 422), path  # 422: a path that is no number is told first
            if answer.status_code == 422:
                assert "number" in path


def test_a_program_needs_no_such_token_for_no_browser_sends_its_own_by_itself(known: Site, nobody: Any, png: bytes) -> None:
    bearer = {"Authorization": f"Bearer {sign_in(nobody).json()['token']}"}
    nobody.client.cookies.clear()
    answer = nobody.post(f"{API}/films", headers=bearer, csrf="", files={"files": ("f.png", png)}, data={"sex": "female"})
    assert answer.status_code == 202


@pytest.mark.parametrize("path", ["/worklist", "/worklist/rows", "/films/x", "/next", "/admin", f"{API}/films", f"{API}/films/x"])
def test_a_device_uses_rest_alone_and_sees_no_worklist(device: Any, path: str) -> None:
    assert device.get(path).status_code == 403


@pytest.mark.parametrize("path", ["/admin", f"{API}/audit", f"{API}/users", f"{API}/deliveries"])
def test_only_an_admin_sees_users_and_the_trail(reader: Any, admin: Any, path: str) -> None:
    assert reader.get(path).status_code == 403
    assert admin.get(path).status_code == 200


def test_a_reader_makes_no_admin(reader: Any) -> None:
    said = {"name": "reader", "display_name": "", "role": "admin", "active": True}
    assert reader.ask("PUT", f"{API}/users/reader", json=said).status_code == 403
    assert reader.post(f"{API}/users", said | {"name": "friend"}).status_code == 403


def test_nobody_takes_the_keys_from_themselves(admin: Any) -> None:
    said = {"name": "admin", "display_name": "", "role": "reader", "active": True}
    assert admin.ask("PUT", f"{API}/users/admin", json=said).status_code == 422


@pytest.mark.parametrize(("trusted", "status"), [("127.0.0.1", 401), ("10.0.0.7", 200)])
def test_the_proxys_header_counts_from_the_proxy_alone(
    settings: Settings, opened: Callable[..., Site], visit: Callable[..., Any], trusted: str, status: int
) -> None:
    site = opened(settings.model_copy(update={"sign_in": SignIn(by="proxy", trusted=(trusted,))}))
    visitor = visit(create_app(site), site, "")
    visitor.client._transport.client = ("10.0.0.7", 4711)  # as if it came from there
    assert visitor.get(f"{API}/films", headers={"X-Remote-User": "reader"}).status_code == status
    assert visitor.get(f"{API}/films", headers={"X-Remote-User": "nobody.here"}).status_code == 401
