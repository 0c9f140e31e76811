"""Users over REST: an admin adds, changes, puts out and lets in again; nobody is deleted, and an admin is always left."""

from __future__ import annotations

from typing import Any

import pytest

from boneage.serve import accounts as module
from boneage.serve.site import Site
from boneage.serve.store.audit import events
from boneage.serve.store.records import Role, User

API = "/api/v1/users"
PASSWORD, OTHER = "correct horse battery", "another long password"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_HASHER", module.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def test_what_is_given_changes_and_the_rest_stays(site: Site, admin: Any) -> None:
    assert (
        admin.post(API, {"name": "jane", "display_name": "Dr. Jane", "role": "reader", "password": PASSWORD}).status_code == 201
    )
    opened = site.accounts.sign_in("jane", PASSWORD)
    assert opened is not None
    bearer = {"Authorization": f"Bearer {opened[0]}"}
    said = admin.ask("PATCH", f"{API}/jane", json={"active": False}).json()
    assert said == {"name": "jane", "display_name": "Dr. Jane", "role": "reader", "active": False}
    admin.client.cookies.clear()
    assert admin.get("/api/v1/films", headers=bearer).status_code == 401
    assert site.accounts.sign_in("jane", PASSWORD) is None
    site.accounts.alter("jane", active=True, role=Role.DEVICE, password=OTHER, actor="test")
    assert site.accounts.session(opened[0]) is None
    assert site.accounts.find("jane") == User("jane", "Dr. Jane", Role.DEVICE)
    assert site.accounts.sign_in("jane", OTHER) is not None


def test_each_change_is_in_the_trail_without_a_password(site: Site, admin: Any) -> None:
    for change in ({"role": "device"}, {"password": OTHER}, {"active": False}, {"active": True, "role": "reader"}):
        assert admin.ask("PATCH", f"{API}/reader", json=change).status_code == 200
    told = [one for one in events(site.engine) if one.action == "change-user"]
    assert [one.actor for one in told] == ["admin"] * 4
    assert [(one.detail["role"], one.detail["active"], one.detail["password"]) for one in told] == [
        ("device", True, False),
        ("device", True, True),
        ("device", False, False),
        ("reader", True, False),
    ]
    assert OTHER not in repr(told)


def test_no_admin_puts_themselves_out_and_nobody_is_deleted(site: Site, admin: Any, reader: Any) -> None:
    for change in ({"role": "reader"}, {"active": False}):
        assert admin.ask("PATCH", f"{API}/admin", json=change).status_code == 422
        assert reader.ask("PATCH", f"{API}/admin", json=change).status_code == 403
    assert admin.ask("PATCH", f"{API}/nobody.here", json={"active": False}).status_code in (400, 404, 422)
    assert admin.ask("DELETE", f"{API}/reader").status_code == 405
    assert admin.ask("PATCH", f"{API}/admin", json={"display_name": "Chief"}).status_code == 200
    assert site.accounts.find("admin") == User("admin", "Chief", Role.ADMIN)
