"""The values that pass between the stages: frozen, with units and shapes per field."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from math import sqrt

import numpy as np
import numpy.typing as npt

from boneage.geometry import PixelMap

Image = npt.NDArray[np.float32]  # [H, W], 0..1, bone bright

MONTHS = 240  # classes of a distribution: the months 0..239
YEARS = tuple(range(5, 19))  # Lee 2017's classes: floored, 18 and over is 18
# not in the paper: the month that stands for a class, the middle of its year; class 18 holds 216 to 228 and the few above
YEAR_CENTERS = tuple(float(min(12 * year + 6, 222)) for year in YEARS)


class Sex(str, Enum):
    """The child's sex as the methods of bone age need it."""

    FEMALE = "female"
    MALE = "male"


class SexSource(str, Enum):
    """Where the sex came from; it is never guessed."""

    OPTION = "option"  # the caller said it
    HEADER = "header"  # the DICOM header said it
    BOTH = "both"  # asked for both sexes' estimates
    UNUSED = "unused"  # the system takes no sex


class Side(str, Enum):
    """Which hand."""

    LEFT = "left"
    RIGHT = "right"


class Polarity(str, Enum):
    """Whether bone is brighter or darker than air in the stored pixels, once windowed."""

    BONE_BRIGHT = "bone-bright"
    BONE_DARK = "bone-dark"


class Flag(str, Enum):
    """What was tolerated or is worth a look; printed with every answer."""

    POLARITY_DISAGREES = "polarity-disagrees"  # header and pixels say different things
    POLARITY_INVERTED = "polarity-inverted"  # bone came dark; the film was inverted
    FOR_PROCESSING = "for-processing"  # a DICOM "FOR PROCESSING" film: raw detector values
    COLOR_SCAN = "color-scan"  # a gray film stored in color
    SEX_OVERRIDDEN = "sex-overridden"  # the option differs from the header
    SPACING_UNKNOWN = "spacing-unknown"  # no pixel spacing in the header
    NOT_A_HAND_VIEW = "body-part-not-hand"  # the header names another body part
    MIRRORED = "mirrored"  # a right hand or a mirrored film; it was turned into a left hand
    TURNED = "turned"  # the hand stood more than 45 degrees off upright
    LOW_RESOLUTION = "low-resolution"  # fewer pixels than the networks were trained on
    HAND_UNCERTAIN = "hand-uncertain"  # the hand finder was unsure
    UNUSUAL_POSE = "unusual-pose"  # bent fingers, hardware or a hidden thumb: the hand may lie elsewhere than it was found
    WIDE_INTERVAL = "wide-interval"  # among the least sure 5 % of calibration films
    BELOW_RANGE = "below-this-systems-range"  # the youngest class of a system that was not trained on younger children
    NEAR_RANGE_END = "near-range-end"  # under 24 or over 216 months: few films, biased labels
    TOLERATED_HEADER = "tolerated-header"  # a value of the header broke the standard and was ignored
    OTHER_ENGINE = "other-engine"  # asked for by name; not what the figures were measured with (engines.py)


@dataclass(frozen=True)
class Identity:
    """Who the film is of. The only place for it; never logged, never part of repr."""

    patient_name: str = field(default="", repr=False)  # as DICOM writes names: family^given, groups parted by =
    patient_id: str = field(default="", repr=False)
    accession_number: str = field(default="", repr=False)
    study_uid: str = field(default="", repr=False)
    sop_uid: str = field(default="", repr=False)
    series_uid: str = field(default="", repr=False)
    id_issuer: str = field(default="", repr=False)  # who gave the patient_id
    birth_date: str = field(default="", repr=False)  # ISO 8601


@dataclass(frozen=True, eq=False)
class Radiograph:
    """1. What `read` gives: one film, bone bright as far as header and corners can tell."""

    pixels: Image  # [H, W] float32, 0..1
    sha256: str  # of the stored pixels' bytes (before window and polarity), with their shape and type
    sex: Sex | None = None  # as the header says
    chronological_age_months: float | None = None  # study date minus birth date, else PatientAge
    spacing_mm: tuple[float, float] | None = None  # (row, column) distance; None: unknown, never 1.0
    side: Side | None = None  # as the header says
    study_date: str | None = None  # ISO 8601
    flags: frozenset[Flag] = frozenset()
    identity: Identity = Identity()

    @property
    def size(self) -> tuple[int, int]:
        """Height, width."""
        return self.pixels.shape[0], self.pixels.shape[1]


@dataclass(frozen=True, eq=False)
class Hand:
    """2. What `standardize` gives: the film at the finder's size with the hand's points on it."""

    pixels: Image  # [H, W] float32, bone bright
    points: npt.NDArray[np.float64]  # [21, 2] (x, y) in `pixels`, order of dataset.POINT_NAMES
    confidence: npt.NDArray[np.float64]  # [21], 0..1
    presence: float  # 0..1, that this is one hand
    to_source: PixelMap  # pixels -> the radiograph's own
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, eq=False)
class Aligned:
    """3. What `register` gives: where the hand lies in the common frame, and how well it fits."""

    pixels: Image  # the hand's pixels, not yet resampled
    to_frame: PixelMap  # pixels -> frame: an upright left hand, thumb right, as the films show it
    to_source: PixelMap  # pixels -> the radiograph's own
    residual: float  # root mean square distance of the palm's points from the template, in hand lengths
    flags: frozenset[Flag] = frozenset()


@dataclass(frozen=True, eq=False)
class Crop:
    """4. One region, ready for a network."""

    name: str
    pixels: Image  # [H, W] float32, contrast normalized
    to_source: PixelMap  # crop -> the radiograph's own pixels


@dataclass(frozen=True, eq=False)
class Step:
    """One thing that was done to a film, for a reader to look at. All on one grid."""

    name: str
    to_source: PixelMap  # that grid -> the radiograph's own pixels
    pixels: Image | None = None  # [H, W] what the film had become; None: the step only found something
    mask: npt.NDArray[np.bool_] | None = None  # [H, W] the hand
    points: npt.NDArray[np.float64] | None = None  # [N, 2]; 21 are drawn as a hand
    box: tuple[float, float, float, float] | None = None  # x0, y0, x1, y1


@dataclass(frozen=True, eq=False)
class Prepared:
    """What one system's networks get to see of a film, and how it was come by."""

    crops: tuple[Crop, ...]
    steps: tuple[Step, ...]
    flags: frozenset[Flag] = frozenset()
    hand: Hand | None = None  # where the way, or the check that there is one hand, looked for its points


@dataclass(frozen=True, eq=False)
class Vote:
    """5. One network's answer for one sex: a distribution over months."""

    network: str
    probabilities: npt.NDArray[np.float64]  # [240], sums to 1, class i is i months

    @classmethod
    def at(cls, network: str, months: npt.ArrayLike, shares: npt.ArrayLike = 1.0) -> Vote:
        """Shares [K] of 1 at months [K], which need not be whole: each is divided between the two months beside it.

        So the expectation is that of the shares, within 0 to 239 months.
        """
        where = np.atleast_1d(np.clip(np.asarray(months, np.float64), 0, MONTHS - 1))
        below = np.minimum(where.astype(int), MONTHS - 2)
        weights, above = np.broadcast_to(np.asarray(shares, np.float64), where.shape), where - below
        probabilities = np.zeros(MONTHS)
        np.add.at(probabilities, below, weights * (1 - above))
        np.add.at(probabilities, below + 1, weights * above)
        return cls(network, probabilities / probabilities.sum())

    @property
    def months(self) -> float:
        """The expectation."""
        return float(self.probabilities @ np.arange(len(self.probabilities)))

    @property
    def spread_months(self) -> float:
        """The standard deviation."""
        grid = np.arange(len(self.probabilities))
        return sqrt(max(float(self.probabilities @ (grid - self.months) ** 2), 0.0))


@dataclass(frozen=True)
class Interval:
    """Months that hold the truth with a stated probability."""

    coverage: float  # within (0, 1)
    low_months: float
    high_months: float

    @property
    def width_months(self) -> float:
        return self.high_months - self.low_months


@dataclass(frozen=True, eq=False)
class Estimate:
    """6. One sex's answer."""

    sex: Sex | None  # None: the system takes none
    bone_age_months: float
    interval_months: tuple[float, float]
    interval_coverage: float
    spread_months: float  # the networks' own standard deviation
    probabilities: npt.NDArray[np.float64]  # [240], class i is i months; as wide as the system's errors are
    flags: frozenset[Flag] = frozenset()
    intervals: tuple[Interval, ...] = ()  # at every fitted coverage, the printed one among them, each within the next


@dataclass(frozen=True, eq=False)
class Assessment:
    """What `assess` gives for one film: one estimate, or two where both sexes were asked for."""

    radiograph: Radiograph
    prepared: Prepared
    estimates: tuple[Estimate, ...]
    sex_source: SexSource
    system: str
    weights: tuple[str, ...]  # dated names
    flags: frozenset[Flag]
    seconds: float
