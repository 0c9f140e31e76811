"""A system asked about films in many forms: each form is a file that goes the whole way of `assess`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from pathlib import Path

import cv2

from boneage import dataset
from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError, Kind
from boneage.evaluate.stress.answers import Answer, KeptAnswers
from boneage.evaluate.stress.grid import CLEAN
from boneage.evaluate.stress.transform import Chance, Transform
from boneage.networks import load_network
from boneage.pipeline import assess
from boneage.read import read
from boneage.register.aspect import TYPICAL, estimate_aspect
from boneage.standardize import find_hand
from boneage.standardize.size import standard_frame
from boneage.systems import HAND_FINDER, System
from boneage.types import Image

Tell = Callable[[str], None]
EVERY = 10  # films between two lines of progress


def pick(films: Iterable[Film], system: System, part: Part, count: int | None) -> list[Film]:
    """The part's films that the system reads, by id; with `count` so many at even steps."""
    read_by = sorted((film for film in films if film.part is part and system.reads(film.sex)), key=lambda film: film.id)
    step = max(len(read_by) // (count or len(read_by) or 1), 1)
    return read_by[::step][:count]


def ask_films(
    system: System, data: Path, films: Sequence[Film], transforms: Sequence[Transform], kept: KeptAnswers, *, tell: Tell
) -> list[Answer]:
    """All films' answers, clean and in every form; those that are kept are not asked for again."""
    left = {film.id: film for film in films if missing(film, transforms, kept)}
    sizes = dataset.read_sizes(data)
    for count, (film_id, file) in enumerate(dataset.iterate_files(data, set(left)) if left else (), start=1):
        film = left[film_id]
        kept.add(ask_film(system, film, file, missing(film, transforms, kept), size=sizes.get(film_id)))
        if count % EVERY == 0 or count == len(left):
            tell(f"{count} of {len(left)} films asked")
    found = (kept.find(film.id, *form) for film in films for form in forms(transforms))
    return [one for one in found if one is not None]


def forms(transforms: Sequence[Transform]) -> list[tuple[str, str]]:
    """Name and key of the clean form and of every transform's."""
    return [(CLEAN, ""), *((one.name, one.key) for one in transforms)]


def missing(film: Film, transforms: Sequence[Transform], kept: KeptAnswers) -> list[Transform | None]:
    """The forms of a film that were not asked yet; None stands for the clean one."""
    return [
        form
        for form, (name, key) in zip((None, *transforms), forms(transforms), strict=True)
        if kept.find(film.id, name, key) is None
    ]


def ask_film(
    system: System, film: Film, file: bytes, wanted: Sequence[Transform | None], *, size: tuple[int, int] | None = None
) -> list[Answer]:
    """The system's answers to a film's forms. `size`: its true height and width, where they are known."""
    try:
        original = Original(film.id, read(file).pixels, size)
    except BoneAgeError as error:  # no form can be made of it
        forms = [(CLEAN, "") if one is None else (one.name, one.key) for one in wanted]
        return [Answer(film.id, *form, None, refused=error.kind.value) for form in forms]
    return [
        _ask(system, film, CLEAN, "", file) if one is None else _ask(system, film, one.name, one.key, original.in_form(one))
        for one in wanted
    ]


class Original:
    """A film's pixels, and its proportions, which are looked for once and only if a form is made."""

    def __init__(self, film_id: int, pixels: Image, size: tuple[int, int] | None = None) -> None:
        self.film_id, self.pixels, self.size = film_id, pixels, size

    def in_form(self, transform: Transform) -> bytes:
        """The file of one form."""
        return transform.file(self.pixels, Chance.draw(self.film_id, transform.name, self.aspect))

    @cached_property
    def aspect(self) -> float:
        """True width : height. Of a square film, which was squashed: as known, else as the hand on it tells."""
        height, width = self.size or self.pixels.shape
        if height != width:
            return float(width / height)
        hand = find_hand(standard_frame(self.pixels)[0], load_network(HAND_FINDER))
        try:
            return estimate_aspect(hand.points, hand.confidence)
        except BoneAgeError:  # no hand: the system is about to say so
            return TYPICAL


def _ask(system: System, film: Film, name: str, key: str, file: bytes) -> Answer:
    try:
        assessment = assess(file, system, sex=film.sex)
    except BoneAgeError as error:
        return Answer(film.id, name, key, None, refused=error.kind.value)
    except (cv2.error, MemoryError, ArithmeticError, ValueError):  # ours to mend, as in assess_many; the rest goes on
        return Answer(film.id, name, key, None, refused=Kind.INTERNAL.value)
    (estimate,) = assessment.estimates
    flags = frozenset(flag.value for flag in assessment.flags | estimate.flags)
    return Answer(film.id, name, key, estimate.bone_age_months, flags)
