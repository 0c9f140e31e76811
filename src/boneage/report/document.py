"""8. The report as a page: one self-contained HTML file without scripts, of which the PDF is printed too (pdf.py)."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from boneage.explain.heat import HeatMap, draw_heat
from boneage.explain.overlay import draw_found, film_picture
from boneage.explain.paint import Picture
from boneage.report.content import content_of
from boneage.report.curve import TICK_YEARS, Curve, curve_of, place
from boneage.report.language import Language, number, say
from boneage.report.reading import Drawing, Reading
from boneage.report.trend_chart import chart_of
from boneage.types import Image

Gray = npt.NDArray[np.float32] | npt.NDArray[np.uint8]  # [H, W] 0..1 or 0..255, bone bright
_JPEG = (cv2.IMWRITE_JPEG_QUALITY, 88)
_UNITS = {"months": ("unit_months", 1), "probability": ("unit_probability", 2)}  # of a map: sentence, digits
_MAPS = frozenset({"occlusion", "activation"})  # those that the catalogs name


@dataclass(frozen=True)
class Shown:
    """A picture in the page."""

    uri: str  # data:image/jpeg
    caption: str
    width: int
    height: int


@dataclass(frozen=True)
class Distribution:
    """The system's answer over months, drawn."""

    curve: Curve
    reader: float | None  # x of the reader's bone age where it differs


def to_html(
    reading: Reading,
    language: Language,
    *,
    pixels: Gray | None = None,
    maps: Sequence[HeatMap] = (),
    history: Sequence[Reading] = (),
) -> str:
    """The page.

    `pixels`: the film [H, W], on which the reading's drawing and the maps are laid; without it there is no picture. `history`:
    the patient's readings, this one among them or not; with one more than this one the follow-up is shown.
    Raises BoneAgeError for a height that no child has, or a history of more than one patient.
    """
    content = content_of(reading, language)
    return _template().render(
        content=content,
        reading=reading,
        language=language,
        pictures=_pictures(reading.drawing, language, pixels=pixels, maps=maps),
        distribution=None if content.withdrawn else _distribution(reading),
        tick_years=TICK_YEARS,
        chart=chart_of(reading, history, language),
        say=lambda key, **values: say(language, key, **values),
    )


def as_image(pixels: Gray) -> Image:
    """Gray pixels as the stages have them, 0..1. ValueError: not one gray film."""
    if pixels.ndim != 2 or not pixels.size:
        raise ValueError(f"gray pixels [H, W] are expected, not {pixels.shape}")
    if pixels.dtype == np.uint8:
        return np.asarray(pixels, np.float32) / np.float32(255)
    return np.asarray(np.clip(pixels, 0, 1), np.float32)


def _pictures(drawing: Drawing | None, language: Language, *, pixels: Gray | None, maps: Sequence[HeatMap]) -> tuple[Shown, ...]:
    """The film with what was found on it, then a map each."""
    if pixels is None:
        return ()
    image = as_image(pixels)
    points = np.empty((0, 2)) if drawing is None else drawing.points
    regions = () if drawing is None else tuple(drawing.regions.values())
    caption = say(language, "radiograph_caption" if drawing is None else "overlay_caption")
    film, to_picture = film_picture(image)
    return (
        _shown(draw_found(image, points=points, regions=regions), caption),
        *(_shown(draw_heat(film, to_picture, one), map_caption(one, language)) for one in maps),
    )


def map_caption(heat: HeatMap, language: Language) -> str:
    """What a map shows and how much its brightest place counts."""
    known = heat.name in _MAPS
    name = say(language, f"map_{heat.name}") if known else say(language, "map_other", name=heat.name)
    key, digits = _UNITS[heat.unit]
    strongest = say(language, key, value=number(language, heat.strongest, digits=digits))
    return say(language, "map_caption", name=name, strongest=strongest)


def _shown(picture: Picture, caption: str) -> Shown:
    done, coded = cv2.imencode(".jpg", picture[..., ::-1], _JPEG)
    if not done:
        raise RuntimeError("OpenCV wrote no JPEG")
    uri = "data:image/jpeg;base64," + b64encode(coded.tobytes()).decode("ascii")
    return Shown(uri, caption, picture.shape[1], picture.shape[0])


def _distribution(reading: Reading) -> Distribution | None:
    if reading.estimate is None:
        return None
    curve = curve_of(reading.estimate, chronological_age_months=reading.chronological_age_months)
    months = reading.bone_age_months
    return Distribution(curve, place(months) if reading.changed and months is not None else None)


@lru_cache(maxsize=1)
def _template() -> Template:
    loader = PackageLoader("boneage.report", "templates")
    found = Environment(loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return found.get_template("report.html.j2")
