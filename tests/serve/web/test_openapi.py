"""REST keeps to what its OpenAPI says, whatever is sent: a bounded run of schemathesis."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI

schemathesis = pytest.importorskip("schemathesis", reason="needs the dev extra: schemathesis asks what nobody thinks of")

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from hypothesis import strategies as st  # noqa: E402

from boneage.serve.site import Site  # noqa: E402
from boneage.serve.store.records import Film  # noqa: E402

EXAMPLES = 6  # an operation
DOCUMENTED = {200, 201, 202, 204, 400, 401, 403, 404, 405, 409, 413, 422}
# they need the networks, or would end the session that asks
LEFT_OUT = {("POST", "/api/v1/assess"), ("DELETE", "/api/v1/session"), ("GET", "/metrics")}


def test_openapi_names_every_route_and_what_it_takes(app: FastAPI) -> None:
    found = app.openapi()
    assert found["info"]["title"] == "boneage"
    assert "not a medical device" in found["info"]["summary"]
    for path, kinds in found["paths"].items():
        for method, one in kinds.items():
            assert one.get("description") or one["summary"], (method, path)
            assert one.get("tags") or path in ("/health", "/metrics"), (method, path)
    assert not [path for path in found["paths"] if not path.startswith("/api/v1/") and path not in ("/health", "/metrics")]


def test_no_request_breaks_it(app: FastAPI, put: Callable[..., Film], admin: Any, site: Site) -> None:
    film = put()
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    asked = 0
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method.upper(), operation.path) in LEFT_OUT:
            continue

        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(operation.as_strategy(), st.booleans())
        def run(case: Any, known: bool) -> None:
            nonlocal asked
            if known and "film_id" in (case.path_parameters or {}):
                case.path_parameters["film_id"] = film.id
            sent = case.as_transport_kwargs(base_url="http://testserver")
            sent["headers"] = {**sent.get("headers", {}), "X-CSRF-Token": admin.csrf}
            sent.pop("cookies", None)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of the client, about what is sent
                answer = admin.client.request(follow_redirects=False, **sent)
            asked += 1
            assert answer.status_code in DOCUMENTED, (case.method, case.path, answer.text)
            if answer.status_code >= 400:
                assert answer.json()["error"].keys() == {"kind", "message"}

        run()
    assert asked > 100
    assert site.accounts.find("admin") is not None
