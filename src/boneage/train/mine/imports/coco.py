"""COCO JSON: polygons, or run lengths, compressed or not; all objects of an image are its hand."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from boneage.train.mine.imports.entry import BadEntryError, Entry, Fault, Mask, checked, drawn, film_of, size_of, squashed
from boneage.train.mine.imports.rle import decode


def is_coco(values: Any) -> bool:
    return isinstance(values, dict) and isinstance(values.get("images"), list) and isinstance(values.get("annotations"), list)


def read(values: dict[str, Any], name: str) -> Iterator[Entry | Fault]:
    """One entry per image that has annotations; an annotation that cannot be read spoils its image."""
    images = {image.get("id"): image for image in values["images"] if isinstance(image, dict) and _plain(image.get("id"))}
    groups = dict[Any, list[tuple[int, dict[str, Any]]]]()
    for number, annotation in enumerate(values["annotations"]):
        key = annotation.get("image_id") if isinstance(annotation, dict) else None
        if not _plain(key) or key not in images:
            yield Fault(f"{name}, annotation {number}", "no image_id that stands among the images")
        else:
            groups.setdefault(key, []).append((number, annotation))
    for key, group in groups.items():
        where = f"{name}, image {images[key].get('file_name', key)!r}"
        try:
            yield _entry(images[key], group, where)
        except BadEntryError as error:
            yield Fault(where, str(error))


def _entry(image: dict[str, Any], group: list[tuple[int, dict[str, Any]]], where: str) -> Entry:
    film, size = film_of(image.get("file_name")), size_of(image.get("height"), image.get("width"))
    masks = []
    for number, annotation in group:
        try:
            masks.append(_mask(annotation.get("segmentation"), size))
        except BadEntryError as error:
            raise BadEntryError(f"annotation {number}: {error}") from None
    return Entry(film, checked(np.logical_or.reduce(masks)), where)


def _mask(segmentation: Any, size: tuple[int, int]) -> Mask:
    if isinstance(segmentation, dict):
        mask = decode(segmentation.get("counts"), segmentation.get("size"))
        if mask.shape != size:
            raise BadEntryError(f"run lengths of {mask.shape[1]} x {mask.shape[0]} for an image of {size[1]} x {size[0]}")
        return squashed(mask)
    if not isinstance(segmentation, list) or not segmentation:
        raise BadEntryError("no segmentation")
    if not all(isinstance(outline, list) and len(outline) % 2 == 0 for outline in segmentation):
        raise BadEntryError("a polygon that is not a list x, y, x, y ...")
    return drawn([[outline[k : k + 2] for k in range(0, len(outline), 2)] for outline in segmentation], size)


def _plain(key: Any) -> bool:
    return isinstance(key, int | str)
