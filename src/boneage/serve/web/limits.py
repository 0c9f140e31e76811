"""What holds for every request: how large and how long it may be, how it fails, and headers against mischief in the browser."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Mapping

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


class _TooLarge(Exception):
    """Breaks off the reading of a body."""


class Limits:
    """ASGI middleware: 413 beyond `most_bytes`, 503 beyond `seconds`, 500 for what nobody foresaw, security headers on all."""

    def __init__(self, app: ASGIApp, *, most_bytes: int, seconds: float, https: bool) -> None:
        self.app, self.most_bytes, self.seconds = app, most_bytes, seconds
        self.headers = HEADERS | ({"Strict-Transport-Security": f"max-age={YEAR}"} if https else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        one = _Exchange(receive, send, self.most_bytes, self.headers)
        try:
            async with asyncio.timeout(self.seconds):
                await self.app(scope, one.receive, one.send)
        except TimeoutError:
            await one.refuse(503, Kind.INTERNAL, f"no answer within {self.seconds:g} seconds. Try again later.")
        except Exception as error:  # noqa: BLE001  # its text may tell of a patient, so no log may get it
            if not one.too_large:
                log.error("an internal %s on %s %s", type(error).__name__, method_of(scope), route_of(scope))
                await one.refuse(500, Kind.INTERNAL, INTERNAL)
        if one.too_large:
            told = f"a request of more than {self.most_bytes // 2**20} MiB; expected a single film. Send fewer files at once."
            await one.refuse(413, Kind.TOO_LARGE, told)


class _Exchange:
    """One request and its answer."""

    def __init__(self, receive: Receive, send: Send, most_bytes: int, headers: Mapping[str, str]) -> None:
        self._receive, self._send, self._left, self._headers = receive, send, most_bytes, headers
        self.started = self.too_large = False

    async def receive(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._left -= len(message.get("body", b""))
            if self._left < 0:
                self.too_large = True
                raise _TooLarge
        return message

    async def send(self, message: Message) -> None:
        if self.too_large and not self.started:
            return  # whatever the app makes of the break
        await self._secured(message)

    async def refuse(self, status: int, kind: Kind, words: str) -> None:
        """An answer of our own, where there is none yet."""
        if self.started:
            return
        body = json.dumps({"error": {"kind": kind.value, "message": words}}).encode()
        length = str(len(body)).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", length), (b"connection", b"close")]
        await self._secured({"type": "http.response.start", "status": status, "headers": headers})
        await self._secured({"type": "http.response.body", "body": body})

    async def _secured(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            headers = MutableHeaders(scope=message)
            for name, value in self._headers.items():
                headers.setdefault(name, value)
            headers.setdefault("Cache-Control", NOT_KEPT)
        await self._send(message)


def route_of(scope: Scope) -> str:
    """The pattern of the address, never the address itself."""
    return str(getattr(scope.get("route"), "path", "other"))


def method_of(scope: Scope) -> str:
    """One of a few words, whatever was sent."""
    return str(scope["method"]) if scope["method"] in METHODS else "other"
