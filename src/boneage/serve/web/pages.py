"""The reading page: whole pages for the browser, and the parts of them that are loaded anew. Changes go through REST."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache, partial
from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined

from boneage import __version__
from boneage.report.formats import Format
from boneage.report.language import Language, day, number
from boneage.serve.demo import PASSWORD, USER, is_demo
from boneage.serve.site import Site
from boneage.serve.states import State
from boneage.serve.store.audit import latest_events
from boneage.serve.store.records import Handover, Role
from boneage.serve.web import access
from boneage.serve.web.access import Admin, TheSite, Viewer
from boneage.serve.web.case_view import case_of
from boneage.serve.web.found import find
from boneage.serve.web.monitor_view import view_of
from boneage.serve.web.plot import BOTTOM, TOP, WIDTH
from boneage.serve.web.static import FOR_EVER, Static
from boneage.serve.web.tongue import Spoken, language_of
from boneage.serve.web.words import act_words, error_words, errors_for_scripts, for_scripts, word
from boneage.serve.web.worklist_view import Asked, lines_of, next_film

pages = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)
_LARGEST_PAGE = 100_000


@pages.get("/")
def home() -> Response:
    return RedirectResponse("/worklist", 303)


@pages.get("/sign-in")
def sign_in(request: Request, site: TheSite, then: Annotated[str, Query(alias="next", max_length=200)] = "/worklist") -> Response:
    """Where everybody begins."""
    then = then if _is_ours(then) else "/worklist"
    if access.session_of(request) is not None:
        return RedirectResponse(then, 303)
    return _page(request, site, "sign-in.html.j2", then=then, demo=(USER, PASSWORD) if is_demo(site) else None)


@pages.get("/worklist")
def worklist(request: Request, user: Viewer, site: TheSite, language: Spoken) -> Response:
    """All films; the lines come with it, later ones by `rows`."""
    return _page(request, site, "worklist.html.j2", lines=lines_of(site, Asked(), language))


@pages.get("/worklist/rows")
def rows(
    request: Request,
    user: Viewer,
    site: TheSite,
    language: Spoken,
    state: State | None = None,
    text: Annotated[str, Query(max_length=200)] = "",
    page: Annotated[int, Query(ge=1, le=_LARGEST_PAGE)] = 1,
    oldest_first: bool = False,
) -> Response:
    """Filters, lines and pager."""
    return _page(request, site, "rows.html.j2", lines=lines_of(site, Asked(state, text, page, oldest_first), language))


@pages.get("/next")
def following(user: Viewer, site: TheSite, after: Annotated[str, Query(max_length=64)] = "") -> Response:
    """To the next film that nobody has signed."""
    found = next_film(site, after)
    return RedirectResponse("/worklist" if found is None else f"/films/{found}", 303)


@pages.get("/films/{film_id}")
def case(request: Request, film_id: str, user: Viewer, site: TheSite, language: Spoken) -> Response:
    """A film, its reading, and the decision on it."""
    return _page(request, site, "case.html.j2", case=case_of(site, find(site, film_id), user, language))


@pages.get("/films/{film_id}/panel")
def panel(request: Request, film_id: str, user: Viewer, site: TheSite, language: Spoken) -> Response:
    """What of the case page changes."""
    return _page(request, site, "panel.html.j2", case=case_of(site, find(site, film_id), user, language))


@pages.get("/admin")
def admin(
    request: Request, user: Admin, site: TheSite, before: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None
) -> Response:
    """Users, what could not be delivered, the audit trail."""
    found: dict[str, Any] = {
        "users": site.accounts.all(),
        "undone": site.outbox.undone(),
        "events": latest_events(site.engine, before=before),
    }
    return _page(request, site, "admin.html.j2", **found)


@pages.get("/monitor")
def monitor(request: Request, user: Viewer, site: TheSite) -> Response:
    """How the site's films have been read, by week, scanner and version."""
    return _page(request, site, "monitor.html.j2", view=view_of(site))


@pages.get("/static/{digest}/{name}")
def static(request: Request, digest: str, name: str) -> Response:
    """Styles and scripts; they never change under their address."""
    ours: Static = request.app.state.static
    if digest != ours.digest or name not in ours.files:
        raise HTTPException(404, "no such file: load the page again")
    file = ours.files[name]
    return Response(file.data, media_type=file.media_type, headers={"Cache-Control": FOR_EVER})


def error_page(request: Request, status: int, message: str) -> Response | None:
    """For a person who followed a link; None: for a program, or a script of ours."""
    path = request.url.path
    wants = request.method == "GET" and "text/html" in request.headers.get("Accept", "")
    if not wants or path.startswith(("/api/", "/static/")):
        return None
    if status == 401:
        return RedirectResponse(f"/sign-in?next={quote(path)}", 303)
    own = error_words(language_of(request), message)
    return _page(request, access.site_of(request), "error.html.j2", status=status, message=message, own=own)


def _page(request: Request, site: Site, template: str, *, status: int = 200, **values: Any) -> Response:
    """A template with what all pages show."""
    language, ours, session = language_of(request), request.app.state.static, access.session_of(request)
    text = (
        _templates()
        .get_template(template)
        .render(
            **values,
            status=status,
            **_speech(language),
            asset=ours.address,
            user=None if session is None else session.user,
            csrf="" if session is None else session.csrf,
            by_proxy=site.settings.sign_in.by == "proxy",
            blind=site.settings.reads.blind,
            maps=site.settings.reads.maps,
            version=__version__,
            system=site.system.name,
            now=datetime.now(UTC),
        )
    )
    return HTMLResponse(text, status)


def _speech(language: Language) -> dict[str, Any]:
    """How a template speaks a language."""
    return {
        "language": language,
        "languages": [(one, word(one, "language")) for one in Language],
        "say": partial(word, language),
        "act": partial(act_words, language),
        "day": partial(day, language),
        "number": partial(number, language),
        "for_scripts": for_scripts(language),
        "errors_for_scripts": errors_for_scripts(language),
    }


@lru_cache(maxsize=1)
def _templates() -> Environment:
    loader = PackageLoader("boneage.serve.web", "templates")
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    found.globals.update(State=State, Role=Role, Handover=Handover, Format=Format, plot_size=(WIDTH, TOP, BOTTOM))
    return found


def _is_ours(address: str) -> bool:
    """Whether it is a path of this site, and none that a browser takes for another's."""
    return address.startswith("/") and address[1:2] not in ("/", "\\") and address.isprintable()
