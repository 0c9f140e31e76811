"""GET /api/v1/monitor: for readers and admins, not for devices and not for nobody."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import Engine

pytest.importorskip("fastapi", reason="needs the serve extra: make test EXTRAS=serve")

from types import SimpleNamespace

from fastapi import FastAPI

from boneage.serve.accounts import Accounts
from boneage.serve.settings import Settings
from boneage.serve.store.records import Role, User
from boneage.serve.web import monitor_rest


def get(app: FastAPI, path: str, *, token: str = "", query: str = "") -> tuple[int, Any]:
    """Status and body of one request, without a server."""
    headers = [(b"authorization", f"Bearer {token}".encode())] if token else []
    scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path}
    scope |= {"raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "client": None, "server": ("x", 80)}
    sent = list[Any]()

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    body = b"".join(message.get("body", b"") for message in sent)
    return sent[0]["status"], json.loads(body) if body else None


@pytest.fixture
def app(engine: Engine) -> FastAPI:
    app = FastAPI()
    app.state.site = SimpleNamespace(engine=engine, accounts=Accounts(engine), settings=Settings())
    app.include_router(monitor_rest.api)
    return app


@pytest.mark.parametrize(("role", "status"), [(Role.READER, 200), (Role.ADMIN, 200), (Role.DEVICE, 403), (None, 401)])
def test_who_may_look(app: FastAPI, role: Role | None, status: int) -> None:
    token = app.state.site.accounts.open(_added(app, role))[0] if role else ""
    found, body = get(app, "/api/v1/monitor", token=token)
    assert found == status
    if status == 200:
        assert [one["by"] for one in body["cells"]] == ["all"]
        assert body["drift"]["alarm"] is False
        assert get(app, "/api/v1/monitor", token=token, query="weeks=0")[0] == 422


def _added(app: FastAPI, role: Role) -> User:
    user = User(f"a-{role.value}", "A", role)
    app.state.site.accounts.add(user, None, actor="test")
    return user
