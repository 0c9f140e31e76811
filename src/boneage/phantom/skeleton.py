"""The bones: forearm, carpals and tubular bones at one bone age, in the millimeters of the grown template (a woman's hand)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from boneage.geometry import Points
from boneage.phantom import template, timing
from boneage.phantom.bones import Bone, Line, Profile, grown, profile, smooth
from boneage.types import Sex


def wrist_bones(months: float, sex: Sex) -> list[Bone]:
    bones = []
    for name in template.CARPALS:
        share = timing.growth(name, months, sex)
        if share is not None:
            hook = (Line(template.line("hamate hook"), 0.7, 1.7 * share),) if name == "hamate" and share > 0.9 else ()
            bones.append(_blob(name, share, smallest=0.24, lines=hook))
    for name in ("radius", "ulna"):
        bones += _forearm_bone(name, months, sex)
    return bones


def sesamoid(months: float, sex: Sex) -> list[Bone]:
    share = timing.growth("sesamoid", months, sex)
    return [] if share is None else [_blob("sesamoid", share, smallest=0.5)]


def _blob(name: str, share: float, *, smallest: float, flat: float = 1.0, lines: tuple[Line, ...] = ()) -> Bone:
    """A small bone without an axis: a shell around sponge."""
    contour = grown(template.polygon(name), share, smallest=smallest, flat=flat)
    if name in template.CARPALS:  # the joints close to a line of cartilage
        contour = contour.mean(0) + (contour - contour.mean(0)) * (1 + 0.04 * share)
    half = float(np.ptp(contour, axis=0).min()) / 2
    cortex = 0.23 + 0.08 * share
    return Bone(
        name, contour, contour.mean(0), np.array([0.0, 1.0]), np.array([0.0]), np.array([max(half, 0.8) * 0.95]),
        np.array([min(cortex, half * 0.5)]), np.array([0.27]), lines=lines,
    )  # fmt: skip


_FOREARM_DEPTH = {
    "radius": ((0, 5, 12, 25, 50, 270), (8.5, 8, 7, 5.5, 5, 5)),
    "ulna": ((0, 4, 12, 25, 50, 270), (6, 5.5, 4.3, 4, 4.2, 4.6)),
}
_FOREARM_AXIS = np.array([0.0, 1.0])


def _forearm_bone(name: str, months: float, sex: Sex) -> list[Bone]:
    """Radius or ulna: shaft and epiphysis, or the two in one once the plate is closed."""
    young = timing.youth(months, sex)
    closed = timing.fusion(name, months, sex)
    plate = template.line(f"{name} plate")
    rim = Line(template.line(f"{name} rim"), 0.7, 1.8)
    stations, depth = (np.array(values, dtype=np.float64) for values in _FOREARM_DEPTH[name])
    cortex = np.interp(stations, (0, 7, 33, 58), (0.4, 0.5, 1.9, 2.2)) * (1 - 0.3 * young)
    sponge = np.interp(stations, (0, 8, 37), (0.26, 0.22, 0.05))
    fields = (plate.mean(0), _FOREARM_AXIS, stations, depth, cortex, sponge, 4.2)
    if closed >= 1:
        scar = Line(plate, 0.7, 0.6 + 2.2 * (2 - closed))
        return [Bone(name, smooth(template.whole(name), count=1200), *fields, (scar, rim))]
    # the plate stands open by a millimeter of the child's own; the shaft of the young ends lower
    gap = 0.4 * (1 - closed) / timing.size_factor(months, sex) + 1.0 * young - 0.9 * closed
    shaft = template.polygon(name)
    near = np.interp(shaft[:, 1:] - shaft[:, 1].min(), (4, 12), (1, 0))
    edge = Line(np.add(plate, (0, gap + 1.0)), 0.7, 1.0)
    bones = [Bone(name, smooth(shaft + near * (0, gap), count=1200), *fields, (edge,))]
    share = timing.growth(name, months, sex)
    if share is not None:
        bones.append(_blob(f"{name} epiphysis", share, smallest=0.25, flat=0.55, lines=(rim,) if share > 0.92 else ()))
    return bones


_EPIPHYSIS = {"mc": 0.15, "mc1": 0.125, "pp": 0.085, "mp": 0.1, "dp": 0.125}  # share of the grown length, plate included
_SHARES = {
    "mc": (
        (0, 0.06, 0.13, 0.24, 0.38, 0.58, 0.71, 0.79, 0.87, 0.94, 1.0),
        (0.88, 1.0, 0.78, 0.3, 0.04, 0.0, 0.12, 0.45, 0.98, 1.0, 0.86),
    ),
    "pp": ((0, 0.04, 0.1, 0.2, 0.36, 0.62, 0.75, 0.84, 0.92, 1.0), (0.94, 1.0, 0.88, 0.5, 0.18, 0.0, 0.2, 0.65, 1.0, 0.76)),
    "dp": ((0, 0.07, 0.16, 0.3, 0.5, 0.68, 0.78, 0.87, 0.94, 1.0), (0.97, 1.0, 0.72, 0.22, 0.02, 0.05, 0.4, 1.0, 1.08, 0.8)),
}  # share of the way; 0 the shaft's width, 1 the width of the end on that side


_ROUNDS = {"mc": (1.8, 4.3), "mc1": (1.8, 2.8), "pp": (1.2, 2.3), "mp": (1.1, 1.9), "dp": (0.9, 2.5)}  # of the ends, mm
_DENTS = {"mc": (0.0, 0.0), "mc1": (0.25, 0.0), "pp": (0.65, 0.3), "mp": (-0.25, 0.3), "dp": (-0.25, 0.0)}


@dataclass(frozen=True, eq=False)
class _Tube:
    """A metacarpal or phalanx before it is cut: its profile, and where along it the growth plate lies."""

    name: str
    form: Profile
    slot: float  # length of epiphysis and plate
    distal: bool  # whether the plate lies at the far end
    rounds: tuple[float, float]
    dents: tuple[float, float]
    shaft: float  # half width at the waist

    @property
    def kind(self) -> str:
        return self.name[:2]

    def bone(self, name: str, contour: Points, young: float, lines: tuple[Line, ...], *, narrow: float = 1.0) -> Bone:
        stations = np.linspace(0, self.form.length, 25)
        middle = np.interp(stations / self.form.length, (0.05, 0.3, 0.45, 0.6, 0.9), (0, 0.8, 1, 0.9, 0))
        thin = 0.7 if self.kind == "dp" else 1.0
        cortex = 0.25 + (0.5 - 0.12 * young) * self.shaft * middle * thin
        sponge = 0.06 + 0.24 * (1 - middle)
        depth = self.form.at(stations) * (0.74 + 0.5 * middle) * narrow
        return Bone(name, contour, self.form.start, self.form.axis, stations, depth, cortex, sponge, 2.2, lines)


def _tube(name: str, young: float, stout: float) -> _Tube:
    start, end, _ = template.TUBULAR[name]
    kind = name[:2]
    long = name if name == "mc1" else kind
    shares, ends = _SHARES["pp" if long in ("mp", "mc1") else kind]
    base, shaft, head = template.half_widths(name) * stout * (1 + 0.2 * young)
    widths = tuple((shaft + w * ((base if s < 0.5 else head) - shaft)) for s, w in zip(shares, ends, strict=True))
    first, last = template.mm(start), template.mm(end)
    more = (last - first) / np.linalg.norm(last - first) * 0.3  # the rounding of the ends takes this back
    form = profile(first - more, last + more, shares, widths)
    return _Tube(name, form, form.length * _EPIPHYSIS[long], long == "mc", _ROUNDS[long], _DENTS[long], float(shaft))


def tubular(name: str, months: float, sex: Sex, *, stout: float) -> list[Bone]:
    """A metacarpal or a phalanx: shaft and epiphysis, or the two in one once the plate is closed."""
    young = timing.youth(months, sex)
    tube = _tube(name, young, stout)
    closed = timing.fusion(name, months, sex)
    length = tube.form.length
    if closed >= 1:
        scar = _across(tube, length - tube.slot if tube.distal else tube.slot, 1.1 * (2 - closed))
        contour = tube.form.outline((0, length), tube.rounds, tube.dents)
        return [tube.bone(name, contour, young, (scar, *_rims(tube)))]
    share = timing.growth(name, months, sex)
    gap = 0.54 * (1 - 0.85 * closed) / timing.size_factor(months, sex)
    shaft = _shaft(tube, gap, young, share or 0.0)
    return [shaft] if share is None else [shaft, _epiphysis(tube, gap, young, share)]


def _shaft(tube: _Tube, gap: float, young: float, share: float) -> Bone:
    """The shaft while the plate is open; in the young it ends lower, and its other end is cartilage too."""
    length, recede = tube.form.length, 0.035 * young * tube.form.length
    slot = tube.slot * (1.08 - 0.08 * share) + gap / 2
    if tube.distal:
        span, caps, dents = (recede, length - slot), (tube.rounds[0] + 1.2 * young, 0.8), (0.0, -0.3)
        edge = span[1] - 0.35
    else:
        span, caps, dents = (slot, length - recede), (0.7, tube.rounds[1]), (-0.2, tube.dents[1])
        edge = span[0] + 0.35
    return tube.bone(tube.name, tube.form.outline(span, caps, dents), young, (_across(tube, edge, 0.7),))


def _epiphysis(tube: _Tube, gap: float, young: float, share: float) -> Bone:
    """The cap: a dot, then a disk or a ball, at last as wide as the shaft."""
    length = tube.form.length
    room = (length - tube.slot + gap / 2, length) if tube.distal else (0.0, tube.slot - gap / 2)
    narrow = min(0.28 + 0.76 * share, 1.0)
    lean = 0.12 * (1 - share) * (room[1] - room[0])  # the young center keeps near the shaft
    middle = (room[0] + room[1]) / 2 + (-lean if tube.distal else lean)
    width = float(tube.form.at(np.array([middle]))[0]) * narrow
    thick = min((room[1] - room[0]) * (0.65 + 0.35 * share), 1.7 * width)
    span = (middle - thick / 2, middle + thick / 2)
    inner, outer = thick * (0.5 - 0.2 * share), thick * (0.5 + (0.15 if tube.distal else -0.1) * share)
    caps = (inner, outer) if tube.distal else (outer, inner)
    dents = (0.0, 0.0) if tube.distal else (tube.dents[0] * 0.7 * share, 0.0)
    contour = tube.form.outline(span, caps, dents, narrow=narrow)
    return tube.bone(f"{tube.name} epiphysis", contour, young, (), narrow=narrow)


def _across(tube: _Tube, at: float, mineral: float) -> Line:
    """A dense line across the bone, slightly wavy."""
    u = np.linspace(-0.9, 0.9, 15)
    wave = 0.2 * np.cos(3.5 * u) * (1 if tube.distal else -1)
    return Line(tube.form.place(at + wave, u * tube.form.at(np.array([at]))[0]), 0.4, mineral)


def _rims(tube: _Tube) -> tuple[Line, ...]:
    """The hollow of a phalanx' base, seen through its rims."""
    if tube.kind == "mc":
        return ()
    u = np.linspace(-0.8, 0.8, 15)
    at = 1.1 + tube.dents[0] * (0.9 - 1.6 * u**2)
    return (Line(tube.form.place(at, u * tube.form.at(np.array([1.2]))[0]), 0.5, 1.8),)
