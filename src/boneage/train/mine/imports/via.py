"""VIA JSON (VGG Image Annotator): polygon, polyline, rect, circle, ellipse; a whole project or its annotations alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import pi
from typing import Any

import numpy as np
import numpy.typing as npt

from boneage.train.mine.imports.entry import BadEntryError, Entry, Fault, checked, drawn, film_of, size_of

ROUND = np.linspace(0, 2 * pi, 180, endpoint=False)  # angles at which a circle's outline is taken
Sizes = Mapping[int, tuple[int, int]]  # height, width of an image, by film


def is_via(values: Any) -> bool:
    entries = values.get("_via_img_metadata", values) if isinstance(values, dict) else None
    return isinstance(entries, dict) and bool(entries) and all(isinstance(v, dict) and "regions" in v for v in entries.values())


def read(values: dict[str, Any], name: str, *, size: tuple[int, int] | None, sizes: Sizes) -> Iterator[Entry | Fault]:
    """One entry per image with regions. VIA does not write the image's size: an attribute may, or `size`, or `sizes`."""
    for key, image in values.get("_via_img_metadata", values).items():
        if not image["regions"]:
            continue
        where = f"{name}, image {key!r}"
        try:
            film = film_of(image.get("filename"))
            own = _stated_size(image.get("file_attributes")) or size or sizes.get(film)
            if own is None:
                raise BadEntryError("a VIA file does not say the image's size; give it with --size WIDTHxHEIGHT")
            yield Entry(film, checked(drawn(list(_outlines(image["regions"])), own)), where)
        except BadEntryError as error:
            yield Fault(where, str(error))


def _stated_size(attributes: Any) -> tuple[int, int] | None:
    """From the file's attributes `width` and `height`, where somebody wrote them; VIA holds all attributes as text."""
    if not (isinstance(attributes, dict) and {"width", "height"} <= attributes.keys()):
        return None
    try:
        return size_of(int(attributes["height"]), int(attributes["width"]))
    except (TypeError, ValueError):
        raise BadEntryError(f"the attributes width {attributes['width']!r}, height {attributes['height']!r}") from None


def _outlines(regions: Any) -> Iterator[npt.NDArray[np.float64]]:
    """Regions as a list (VIA 2) or by number (VIA 1)."""
    if not isinstance(regions, list | dict):
        raise BadEntryError("regions that are neither a list nor an object")
    for number, region in enumerate(regions.values() if isinstance(regions, dict) else regions):
        shape = region.get("shape_attributes") if isinstance(region, dict) else None
        if not isinstance(shape, dict):
            raise BadEntryError(f"region {number} without shape_attributes")
        try:
            yield _outline(shape)
        except BadEntryError as error:
            raise BadEntryError(f"region {number}: {error}") from None
        except (KeyError, TypeError, ValueError) as error:
            raise BadEntryError(f"region {number}: a {shape.get('name')!r} with {error!r}") from None


def _outline(shape: dict[str, Any]) -> npt.NDArray[np.float64]:
    match shape.get("name"):
        case "polygon" | "polyline":
            return np.column_stack([np.asarray(shape[f"all_points_{axis}"], np.float64) for axis in "xy"])
        case "rect":
            x, y, width, height = (float(shape[key]) for key in ("x", "y", "width", "height"))
            return np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height)])
        case "circle":
            return _ellipse(shape, float(shape["r"]), float(shape["r"]), 0.0)
        case "ellipse":
            return _ellipse(shape, float(shape["rx"]), float(shape["ry"]), float(shape.get("theta", 0.0)))
    raise BadEntryError(f"a {shape.get('name')!r}; polygon, polyline, rect, circle or ellipse is expected")


def _ellipse(shape: dict[str, Any], rx: float, ry: float, theta: float) -> npt.NDArray[np.float64]:
    x, y = rx * np.cos(ROUND), ry * np.sin(ROUND)
    c, s = np.cos(theta), np.sin(theta)
    return np.column_stack([float(shape["cx"]) + c * x - s * y, float(shape["cy"]) + s * x + c * y])
