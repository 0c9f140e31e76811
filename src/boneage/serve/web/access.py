"""Who asks: a session by cookie or bearer token, or the site's proxy; what changes anything brings the session's CSRF token."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Annotated, cast

from fastapi import Depends, HTTPException, Request
from starlette.responses import Response

from boneage.serve.accounts import Session
from boneage.serve.site import Site
from boneage.serve.store.records import Role, User

COOKIE, CSRF_HEADER, CSRF_FIELD = "boneage_session", "X-CSRF-Token", "csrf"
_PERSONS = frozenset({Role.READER, Role.ADMIN})


def site_of(request: Request) -> Site:
    return cast(Site, request.app.state.site)


def session_of(request: Request) -> Session | None:
    """Whose request this is; None: nobody's."""
    site = site_of(request)
    if (token := bearer(request) or request.cookies.get(COOKIE)) and (session := site.accounts.session(token)):
        return session
    if site.settings.sign_in.by == "proxy" and request.client and request.client.host in site.settings.sign_in.trusted:
        name = request.headers.get(site.settings.sign_in.header, "")
        if (user := site.accounts.find(name)) is not None:
            return Session(user, _proxys_csrf(request))
    return None


def signed_in(request: Request) -> Session:
    """Raises 401 for nobody."""
    session = session_of(request)
    if session is None:
        raise HTTPException(401, "sign in first", {"WWW-Authenticate": "Bearer"})
    return session


def changing(request: Request, session: Annotated[Session, Depends(signed_in)]) -> Session:
    """Who asks for a change. Raises 403 without the CSRF token; a bearer token needs none, for no browser adds it by itself."""
    if bearer(request) is None:
        given = request.headers.get(CSRF_HEADER, "")
        if not secrets.compare_digest(given.encode(), session.csrf.encode()):
            raise HTTPException(403, "this page is no longer valid: load it again")
    return session


def of_role(*roles: Role, by: Callable[..., Session] = signed_in) -> Callable[..., User]:
    """The user who asks. Raises 403 for those of another role."""

    def user(session: Session = Depends(by)) -> User:  # noqa: B008  # an Annotated one would not find `by`
        if session.user.role not in roles:
            raise HTTPException(403, "your role does not allow this")
        return session.user

    return user


Seen = Annotated[User, Depends(of_role(*Role))]  # may send films and fetch results
Sender = Annotated[User, Depends(of_role(*Role, by=changing))]
Viewer = Annotated[User, Depends(of_role(*_PERSONS))]  # may look
Reader = Annotated[User, Depends(of_role(*_PERSONS, by=changing))]  # may sign
Admin = Annotated[User, Depends(of_role(Role.ADMIN))]
AdminChange = Annotated[User, Depends(of_role(Role.ADMIN, by=changing))]
TheSite = Annotated[Site, Depends(site_of)]


def bearer(request: Request) -> str | None:
    """The token of a program."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    return token if kind.lower() == "bearer" and token else None


def remember(response: Response, site: Site, token: str) -> None:
    """The session's cookie: not for scripts, not for other sites, over HTTPS where there is."""
    response.set_cookie(
        COOKIE,
        token,
        max_age=int(site.settings.sign_in.hours * 3600),
        httponly=True,
        samesite="strict",
        secure=site.settings.web.secure,
        path="/",
    )


def forget(response: Response) -> None:
    response.delete_cookie(COOKIE, path="/")


def _proxys_csrf(request: Request) -> str:
    """The proxy keeps the session, so the token is the app's own of this start: another site's page cannot read it."""
    return cast(str, request.app.state.proxy_csrf)
