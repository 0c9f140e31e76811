"""In which language a page speaks: the one its user chose, before sign-in what the browser asks for, else the site's.

Reports and REST stay in the site's: what a reader looks at changes nothing of what leaves.
"""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Depends, Request

from boneage.report.language import Language
from boneage.serve.web.access import session_of, site_of

COOKIE = "boneage_language"  # set by common.js; a code and nothing of who chose it
_RANGE = re.compile(r"\s*([a-z]{1,8})(?:-[a-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", re.IGNORECASE)


def language_of(request: Request) -> Language:
    """Of this request."""
    if (own := chosen(request.cookies.get(COOKIE, ""))) is not None:
        return own
    asked = accepted(request.headers.get("Accept-Language", ""))
    if asked is not None and session_of(request) is None:
        return asked
    return site_of(request).settings.reads.language


def chosen(cookie: str) -> Language | None:
    """What a cookie holds; None: nothing that we speak, so nothing of it reaches a page."""
    return next((one for one in Language if one.value == cookie), None)


def accepted(header: str) -> Language | None:
    """The language that a browser wants most of those we speak (RFC 9110, 12.5.4), its region left aside; None: none of them."""
    found = [match for part in header.split(",") if (match := _RANGE.fullmatch(part)) is not None]
    wanted = [(float(match[2] or 1), own) for match in found if (own := chosen(match[1].lower())) is not None]
    best = max(wanted, key=lambda one: one[0], default=(0.0, None))  # the first of equals
    return best[1] if best[0] > 0 else None


Spoken = Annotated[Language, Depends(language_of)]
