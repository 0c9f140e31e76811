"""REST: the pixels of films and reference plates, and what is drawn on them."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, HTTPException, Path
from fastapi.responses import FileResponse, Response

from boneage.clinical.plates import plate_picture
from boneage.explain.paint import CHAINS
from boneage.report.document import map_caption
from boneage.report.reading import Reading
from boneage.serve.store.records import Film
from boneage.serve.web.access import TheSite, Viewer
from boneage.serve.web.blind import hides
from boneage.serve.web.found import READ_FIRST, find
from boneage.serve.web.shapes import DrawingShape
from boneage.serve.web.tongue import Spoken
from boneage.types import Sex

api = APIRouter(prefix="/api/v1", tags=["pictures"])


@api.get("/films/{film_id}/preview.png", response_class=Response)
def preview(film_id: str, user: Viewer, site: TheSite) -> Response:
    """The film, small enough for a first look."""
    return Response(site.pictures.preview(find(site, film_id)), media_type="image/png")


@api.get("/films/{film_id}/thumb.jpg", response_class=Response)
def thumb(film_id: str, user: Viewer, site: TheSite) -> Response:
    """The film as small as in the worklist."""
    return Response(site.pictures.thumb(find(site, film_id)), media_type="image/jpeg")


@api.get("/films/{film_id}/grays", response_class=Response)
def grays(film_id: str, user: Viewer, site: TheSite) -> Response:
    """The film's gray values: little-endian uint16 row by row, bone bright; X-Height, X-Width, X-Scale tell their grid."""
    found = site.pictures.grays(find(site, film_id))
    headers = {"X-Height": str(found.height), "X-Width": str(found.width), "X-Scale": f"{found.scale:.8f}"}
    return Response(found.data, media_type="application/octet-stream", headers=headers)


@api.get("/films/{film_id}/drawing")
def drawing(film_id: str, user: Viewer, site: TheSite) -> DrawingShape:
    """Where the system looked on this film; 404 before it was read."""
    film = find(site, film_id)
    found = site.worklist.reading(film.reading_uid) if film.reading_uid else None
    if found is None:
        raise HTTPException(404, "this film was not read yet")
    points = [] if found.drawing is None else found.drawing.points.tolist()
    regions = {} if found.drawing is None else {name: one.tolist() for name, one in found.drawing.regions.items()}
    height, width = found.film.size
    return DrawingShape(
        height=height,
        width=width,
        spacing_mm=found.film.spacing_mm,
        points=points,
        chains=[list(one) for one in CHAINS] if points else [],
        regions=regions,
    )


def _may_be_explained(film_id: str, user: Viewer, site: TheSite) -> tuple[Film, Reading] | None:
    """None: there are no maps of it. Raises 404, and 403 in blind mode before the reader has read."""
    film = find(site, film_id)
    found = site.worklist.reading(film.reading_uid) if film.reading_uid else None
    if hides(site, user, film, found):
        raise HTTPException(403, READ_FIRST)
    return (film, found) if site.settings.reads.maps and found is not None else None


Explained = Annotated[tuple[Film, Reading] | None, Depends(_may_be_explained)]


@api.get("/films/{film_id}/maps", responses={202: {"description": "they are being made: ask again after `Retry-After` seconds"}})
def maps(asked: Explained, site: TheSite, language: Spoken, response: Response) -> list[dict[str, str]]:
    """What the heat maps of the answer show; none of a film that was refused, and where the site wants none.

    Status 202 and an empty list where they are not there yet: this film's are made next.
    """
    found = () if asked is None else site.pictures.maps.of(*asked)
    if found is None and asked is not None:
        site.pictures.maps.ask(asked[0])
        response.status_code, response.headers["Retry-After"] = 202, "1"
    return [{"name": one.name, "legend": map_caption(one, language)} for one in found or ()]


@api.get("/films/{film_id}/maps/{number}.png", response_class=Response)
def heat_map(number: Annotated[int, Path(ge=0, le=99)], asked: Explained, site: TheSite) -> Response:
    """One of them, to be laid over the film: clear where it is weak."""
    data = None if asked is None else site.pictures.map(*asked, number)
    if data is None:
        raise HTTPException(404, "no such map")
    return Response(data, media_type="image/png")


@api.get("/plates/{sex}/{months}.png", response_class=FileResponse)
def plate(sex: Sex, months: Annotated[int, Path(ge=0, le=240)], user: Viewer, site: TheSite) -> Response:
    """The picture of a reference plate: the site's own, else an average of many hands."""
    found = plate_picture(sex, months, site.settings.reads.plates)
    if found is None:
        raise HTTPException(404, "no picture of that plate")
    return FileResponse(found, media_type="image/png", headers={"Cache-Control": "private, max-age=3600"})
