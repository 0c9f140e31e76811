"""A real site in a folder of its own over SQLite, people who visit it, and films whose answers are made up."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("fastapi", reason="needs the serve extra: make test EXTRAS=serve")
pytest.importorskip("httpx2", reason="needs the dev extra: starlette's TestClient asks by httpx2")

import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient

from boneage.phantom import Phantom, write_dicom, write_png
from boneage.report.reading import Reading
from boneage.serve.intake import Given
from boneage.serve.settings import Settings
from boneage.serve.site import Site, open_site
from boneage.serve.states import Origin
from boneage.serve.store.records import Film, Role, User
from boneage.serve.web.access import COOKIE, CSRF_HEADER
from boneage.serve.web.app import create_app
from boneage.types import Identity, Sex

READER, OTHER, ADMIN, DEVICE = (
    User(name, f"Dr. {name.title()}", role)
    for name, role in (("reader", Role.READER), ("other", Role.READER), ("admin", Role.ADMIN), ("device", Role.DEVICE))
)
WHO = Identity("DOE^JANE", "MRN-4711", "ACC-0815", birth_date="2014-05-01")


class Visitor:
    """Somebody with a browser. What changes something brings the token along, unless `csrf` is told else."""

    def __init__(self, app: FastAPI, site: Site, user: User | None) -> None:
        self.client = TestClient(app)
        self.csrf = ""
        if user is not None:
            token, session = site.accounts.open(user)
            self.client.cookies.set(COOKIE, token)
            self.csrf = session.csrf

    def ask(self, method: str, path: str, *, csrf: str | None = None, **more: Any) -> httpx2.Response:
        headers = {CSRF_HEADER: self.csrf if csrf is None else csrf} | more.pop("headers", {})
        return self.client.request(method, path, headers=headers, follow_redirects=False, **more)

    def get(self, path: str, **more: Any) -> httpx2.Response:
        return self.ask("GET", path, **more)

    def page(self, path: str) -> httpx2.Response:
        """As a browser follows a link."""
        return self.ask("GET", path, headers={"Accept": "text/html,application/xhtml+xml"})

    def post(self, path: str, json: Any = None, **more: Any) -> httpx2.Response:
        return self.ask("POST", path, json=json, **more)


@pytest.fixture
def settings(tmp_path: Path, migrated: Path) -> Settings:
    folder = tmp_path / "site"
    folder.mkdir()
    shutil.copy(migrated, folder / "boneage.sqlite")
    return Settings(folder=folder)


@pytest.fixture
def opened() -> Iterator[Callable[[Settings], Site]]:
    """Opens a site with four people, and closes it after the test."""
    sites: list[Site] = []

    def opening(settings: Settings) -> Site:
        sites.append(site := open_site(settings))
        for user in (READER, OTHER, ADMIN, DEVICE):
            site.accounts.add(user, None, actor="test")
        return site

    yield opening
    for site in sites:
        site.engine.dispose()


@pytest.fixture
def site(settings: Settings, opened: Callable[[Settings], Site]) -> Site:
    return opened(settings)


@pytest.fixture
def app(site: Site) -> FastAPI:
    return create_app(site)


@pytest.fixture
def visit() -> Callable[[FastAPI, Site, str], Visitor]:
    """Somebody at any site, by name; "": nobody."""
    known = {user.name: user for user in (READER, OTHER, ADMIN, DEVICE)}
    return lambda app, site, name: Visitor(app, site, known.get(name))


@pytest.fixture
def reader(app: FastAPI, site: Site) -> Visitor:
    return Visitor(app, site, READER)


@pytest.fixture
def admin(app: FastAPI, site: Site) -> Visitor:
    return Visitor(app, site, ADMIN)


@pytest.fixture
def device(app: FastAPI, site: Site) -> Visitor:
    return Visitor(app, site, DEVICE)


@pytest.fixture
def nobody(app: FastAPI, site: Site) -> Visitor:
    return Visitor(app, site, None)


@pytest.fixture(scope="session")
def png(girl: Phantom, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return write_png(girl, tmp_path_factory.mktemp("films") / "film.png").read_bytes()


@pytest.fixture(scope="session")
def dicom(girl: Phantom, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    file = write_dicom(girl, tmp_path_factory.mktemp("films") / "film.dcm", chronological_age_months=110)
    return file.read_bytes()


@pytest.fixture
def put(site: Site, png: bytes, reading: Callable[..., Reading]) -> Callable[..., Film]:
    """A film that was read as so many months; None: refused; "waiting": not yet."""

    def putting(months: float | str | None = 100.0, *, who: Identity = WHO, data: bytes = png, **other: Any) -> Film:
        given = Given(who, "2024-05-01", other.pop("sex", Sex.FEMALE))
        received = site.intake.take(data, origin=Origin.UPLOAD, sender="reader", given=given)
        if months != "waiting":
            claimed = site.worklist.claim()
            assert claimed is not None
            made = replace(reading(months), identity=claimed.identity, sex=claimed.sex, chronological_age_months=120.0, **other)
            assert site.worklist.answer(claimed, made)
        film = site.worklist.film(received.film_id)
        assert film is not None
        return film

    return putting
