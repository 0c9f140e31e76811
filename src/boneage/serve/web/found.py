"""What an address names, or 404; and of blind readings nothing before its time."""

from __future__ import annotations

from fastapi import HTTPException

from boneage.report.reading import Reading
from boneage.serve.site import Site
from boneage.serve.store.records import Film, User
from boneage.serve.web.blind import hides

READ_FIRST = "this site reads blind: give your own reading first, then look at the system's"


def find(site: Site, film_id: str) -> Film:
    """Raises 404."""
    film = site.worklist.film(film_id)
    if film is None:
        raise HTTPException(404, "no such film: it may have been forgotten, as old films are")
    return film


def reading_of(site: Site, user: User, uid: str) -> tuple[Film, Reading]:
    """A version and its film. Raises 404, and 403 for what is hidden from this user."""
    found, film = site.worklist.reading(uid), site.worklist.film_by_reading(uid)
    if found is None or film is None:
        raise HTTPException(404, "no such reading")
    if hides(site, user, film, found):
        raise HTTPException(403, READ_FIRST)
    return film, found
