"""The web application of one site: REST, the reading page, health and metrics."""

from __future__ import annotations

import secrets

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.middleware.base import BaseHTTPMiddleware

from boneage import __version__
from boneage.serve.site import Site
from boneage.serve.web import monitor_rest, rest, rest_admin, rest_pictures
from boneage.serve.web.errors import add_errors
from boneage.serve.web.limits import Limits
from boneage.serve.web.metrics import Measured
from boneage.serve.web.pages import error_page, pages
from boneage.serve.web.static import Static

SUMMARY = "Bone age from a hand radiograph. Research use, not a medical device."


def create_app(site: Site) -> FastAPI:
    """Serves that site."""
    app = FastAPI(title="boneage", version=__version__, summary=SUMMARY, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.site, app.state.proxy_csrf = site, secrets.token_urlsafe(32)
    app.state.static = Static()
    add_errors(app, error_page)
    measured = Measured(site)
    app.add_middleware(BaseHTTPMiddleware, dispatch=measured)
    web = site.settings.web
    app.add_middleware(Limits, most_bytes=web.upload_mib * 2**20, seconds=web.request_seconds, https=web.secure)
    for router in (rest.open_to_all, rest.api, rest_pictures.api, rest_admin.api, monitor_rest.api, pages):
        app.include_router(router)

    @app.get("/metrics", tags=["health"], response_class=Response)
    def metrics() -> Response:
        """For Prometheus; no label and no number tells of a patient."""
        return Response(generate_latest(measured.registry), media_type=CONTENT_TYPE_LATEST)

    return app
