"""What holds for every request: how large and how long it may be, how it fails, and headers against mischief in the browser."""

from __future__ import annotations

import asyncio
import json
import logging

from fastapi import HTTPException
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from boneage.errors import Kind

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
NOT_KEPT = "no-store"  # a patient's data stays in no cache
YEAR = 31_536_000
INTERNAL = "an internal error; expected an answer. Please report what you did."

log = logging.getLogger(__name__)


class _TooLarge(HTTPException):
    """An HTTPException, for those are what FastAPI lets through while it parses a body."""

    def __init__(self, most_bytes: int) -> None:
        super().__init__(
            413, f"a request of more than {most_bytes // 2**20} MiB; expected a single film. Send fewer files at once."
        )


class Limits:
    """ASGI middleware: 413 beyond `most_bytes`, 503 beyond `seconds`, 500 for what nobody foresaw, security headers on all."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, seconds: float, https: bool) -> None:
        self.app, self.most_bytes, self.seconds, self.https = app, most_bytes, seconds, https

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def secured(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self._secure(MutableHeaders(scope=message))
            await send(message)

        try:
            async with asyncio.timeout(self.seconds):
                await self.app(scope, self._counted(receive), secured)
        except _TooLarge as error:
            if not started:
                await _refuse(secured, error.status_code, Kind.TOO_LARGE, error.detail)
        except TimeoutError:
            if not started:
                await _refuse(secured, 503, Kind.INTERNAL, f"no answer within {self.seconds:g} seconds. Try again later.")
        except Exception as error:  # noqa: BLE001  # its text may tell of a patient, so no log may get it
            log.error("an internal %s on %s %s", type(error).__name__, method_of(scope), route_of(scope))
            if not started:
                await _refuse(secured, 500, Kind.INTERNAL, INTERNAL)

    def _counted(self, receive: Receive) -> Receive:
        seen = 0

        async def counted() -> Message:
            nonlocal seen
            message = await receive()
            if message["type"] == "http.request":
                seen += len(message.get("body", b""))
                if seen > self.most_bytes:
                    raise _TooLarge(self.most_bytes)
            return message

        return counted

    def _secure(self, headers: MutableHeaders) -> None:
        for name, value in HEADERS.items():
            headers.setdefault(name, value)
        headers.setdefault("Cache-Control", NOT_KEPT)
        if self.https:
            headers.setdefault("Strict-Transport-Security", f"max-age={YEAR}")


def route_of(scope: Scope) -> str:
    """The pattern of the address, never the address itself."""
    return str(getattr(scope.get("route"), "path", "other"))


def method_of(scope: Scope) -> str:
    """One of a few words, whatever was sent."""
    return str(scope["method"]) if scope["method"] in METHODS else "other"


async def _refuse(send: Send, status: int, kind: Kind, words: str) -> None:
    body = json.dumps({"error": {"kind": kind.value, "message": words}}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
