"""A DICOM film to a radiograph: checked by its header, decoded, developed to gray, polarity as the header says."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from boneage.read.color import to_gray
from boneage.read.dataset import parse
from boneage.read.decode import decode
from boneage.read.fingerprint import fingerprinting
from boneage.read.gray import develop
from boneage.read.grayheader import Layout, read_chain, read_layout
from boneage.read.header import read_header
from boneage.read.limits import check_contrast, check_size
from boneage.read.polarity import corner_polarity
from boneage.read.quiet import quiet
from boneage.read.tags import Tags
from boneage.types import Flag, Image, Polarity, Radiograph


def read_dicom(data: bytes) -> Radiograph:
    """One film with all its header says. Raises BoneAgeError."""
    with quiet() as heard:  # all of it: pydicom parses an element only when it is asked for
        dataset, cut_off = parse(data)
        tags = Tags(dataset)
        layout = read_layout(tags, cut_off=cut_off)
        check_size(layout.height, layout.width)
        stored, surplus = decode(dataset, layout)
        with fingerprinting(stored) as name:
            pixels, flags = _develop(stored, tags, layout)
            header = read_header(tags)
            sha256 = name()
    if heard or cut_off or surplus:
        flags |= {Flag.TOLERATED_HEADER}
    # The header knows the polarity; bright corners under a clear header are mostly collimation, so they only raise a doubt.
    if corner_polarity(pixels) is Polarity.BONE_DARK:
        flags |= {Flag.POLARITY_DISAGREES}
    return Radiograph(
        pixels,
        sha256,
        sex=header.sex,
        chronological_age_months=header.chronological_age_months,
        spacing_mm=header.spacing_mm,
        side=header.side,
        study_date=header.study_date,
        flags=header.flags | flags,
        identity=header.identity,
    )


def _develop(stored: npt.NDArray[Any], tags: Tags, layout: Layout) -> tuple[Image, frozenset[Flag]]:
    if stored.ndim == 3:
        pixels = to_gray(stored)
        check_contrast(pixels, full=1, step=1 / 255)
        return pixels, frozenset({Flag.COLOR_SCAN})
    check_contrast(stored, full=2.0**layout.bits - 1)
    pixels, useless_window = develop(stored, read_chain(tags, layout))
    return pixels, frozenset({Flag.TOLERATED_HEADER} if useless_window else ())
