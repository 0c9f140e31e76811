"""Errors over HTTP: the same words as on the command line, in one shape, and a status that fits. Nothing of a patient in them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.responses import JSONResponse, Response

from boneage.errors import BoneAgeError, Kind
from boneage.report.record import error_record
from boneage.serve.store.worklist import Stale

STATUS = MappingProxyType(
    {
        Kind.NOT_FOUND: 404,
        Kind.TOO_LARGE: 413,
        Kind.BAD_OPTION: 422,
        Kind.MISSING_EXTRA: 501,
        Kind.BAD_WEIGHTS: 503,
        Kind.INTERNAL: 500,
    }
)
KINDS = MappingProxyType({404: Kind.NOT_FOUND, 413: Kind.TOO_LARGE, 503: Kind.INTERNAL})  # what the framework itself refuses
OTHERS = 422  # a film that cannot be read is understood, but cannot be processed
CONFLICT = 409

# a page for a person who follows a link; None: it was a program that asked
Page = Callable[[Request, int, str], Response | None]


def add_errors(app: FastAPI, page: Page) -> None:
    """Every failure answers `{"error": {"kind", "message"}}`, or the page that says it."""

    def answer(request: Request, status: int, error: dict[str, str], headers: Mapping[str, str] | None = None) -> Response:
        return page(request, status, error["message"]) or JSONResponse({"error": error}, status, headers)

    @app.exception_handler(BoneAgeError)
    async def ours(request: Request, error: BoneAgeError) -> Response:
        status = CONFLICT if isinstance(error, Stale) else STATUS.get(error.kind, OTHERS)
        return answer(request, status, error_record(error))

    @app.exception_handler(StarletteHTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        kind = KINDS.get(error.status_code, Kind.BAD_OPTION).value
        return answer(request, error.status_code, {"kind": kind, "message": str(error.detail)}, error.headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        """Which field and why, but never what it held: that may be a patient's name."""
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        return answer(request, 422, {"kind": Kind.BAD_OPTION.value, "message": told})
