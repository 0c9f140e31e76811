"""The stress test's transforms: 33 in the seven families of the published test on the 2017 winner, and more.

Not in the paper: the settings within a family. What is published at hand names the families and their number alone. Films here
have 299 pixels a side, so that each share of resolution asks for more than of a film of 2,000.
"""

from __future__ import annotations

from collections.abc import Sequence

from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.stress.files import AsDicom, AsJpeg, as_deep_png
from boneage.evaluate.stress.space import Collimation, Crop, Marker, Mirror, Padding, Resolution, Rotation, Shift, Turn
from boneage.evaluate.stress.tone import Blur, Brightness, Contrast, Equalization, Gamma, Inversion, Noise, Offset
from boneage.evaluate.stress.transform import AsItIs, Family, Transform

CLEAN = "clean"  # the name of the film as it came, which every drift is measured from
ANGLES = (5, 10, 15, 20, 30)
FACTORS = (-40, -20, -10, 10, 20, 40)  # percent more

GRID: tuple[Transform, ...] = (
    *(Transform(Family.ROTATION, f"rotation{sign * angle:+d}", Rotation(sign * angle)) for angle in ANGLES for sign in (-1, 1)),
    Transform(Family.MIRROR, "left-right", Mirror()),
    Transform(Family.MIRROR, "upside-down", Mirror(upside_down=True)),
    *(Transform(Family.BRIGHTNESS, f"brightness{percent:+d}", Brightness(1 + percent / 100)) for percent in FACTORS),
    *(Transform(Family.CONTRAST, f"contrast{percent:+d}", Contrast(1 + percent / 100)) for percent in FACTORS),
    Transform(Family.INVERSION, "inversion", Inversion()),
    Transform(Family.MARKER, "marker-L-upper-left", Marker("L")),
    Transform(Family.MARKER, "marker-R-upper-right", Marker("R", right=True)),
    Transform(Family.MARKER, "marker-L-lower-left", Marker("L", lower=True)),
    Transform(Family.MARKER, "marker-R-lower-right", Marker("R", right=True, lower=True)),
    Transform(Family.RESOLUTION, "resolution-75", Resolution(0.75)),
    Transform(Family.RESOLUTION, "resolution-50", Resolution(0.5)),
    Transform(Family.RESOLUTION, "resolution-33", Resolution(1 / 3)),
    Transform(Family.RESOLUTION, "resolution-25", Resolution(0.25)),
)

MORE: tuple[Transform, ...] = (
    Transform(Family.NONE, "stored-again", AsItIs()),  # nothing may change, or the test itself does something
    *(Transform(Family.TURN, f"turn-{90 * quarters}", Turn(quarters)) for quarters in (1, 2, 3)),
    *(Transform(Family.JPEG, f"jpeg-{quality}", AsItIs(), AsJpeg(quality)) for quality in (60, 30, 10)),
    *(Transform(Family.NOISE, f"noise-{percent}", Noise(percent / 100)) for percent in (2, 5)),
    *(Transform(Family.BLUR, f"blur-{sigma}", Blur(sigma)) for sigma in (1, 2)),
    *(Transform(Family.SHIFT, f"shift-{percent}", Shift(percent / 100)) for percent in (5, 10)),
    *(Transform(Family.CROP, f"crop-{percent}", Crop(percent / 100)) for percent in (5, 10)),
    *(Transform(Family.PADDING, f"padding-{percent}", Padding(percent / 100)) for percent in (10, 25)),
    Transform(Family.PADDING, "padding-10-white", Padding(0.1, gray=1.0)),
    *(Transform(Family.COLLIMATION, f"collimation-{percent}", Collimation(percent / 100)) for percent in (5, 10)),
    *(Transform(Family.HISTOGRAM, f"gamma-{power}", Gamma(power)) for power in (0.5, 0.7, 1.4, 2.0)),
    *(Transform(Family.HISTOGRAM, f"offset{percent:+d}", Offset(percent / 100)) for percent in (-10, 10)),
    Transform(Family.HISTOGRAM, "equalized", Equalization()),
    Transform(Family.HISTOGRAM, "equalized-locally", Equalization(tiles=8)),
    Transform(Family.DEPTH, "png-16-bit", AsItIs(), as_deep_png),
    Transform(Family.DEPTH, "dicom-12-bit", AsItIs(), AsDicom(12)),
    Transform(Family.DEPTH, "dicom-16-bit-monochrome1", AsItIs(), AsDicom(16, bone_dark=True)),
)
ALL = (*GRID, *MORE)


def choose(only: Sequence[str]) -> tuple[Transform, ...]:
    """The transforms of those names or families, in the grid's order; all where none is named. Raises BoneAgeError."""
    known = {*(one.name for one in ALL), *(one.family.value for one in ALL)}
    if unknown := [name for name in only if name not in known]:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came=f"--only {unknown[0]!r}",
            expected=f"a family ({', '.join(family.value for family in Family)}) or one of: {', '.join(one.name for one in ALL)}",
            todo="Choose among them.",
        )
    return tuple(one for one in ALL if not only or one.name in only or one.family.value in only)
