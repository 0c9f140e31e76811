"""How each system prepares a film: the stages 2 to 4, the published systems' in their authors' way, from the same parts.

Each way is one frozen value; `prepare` does what the value says.
"""

from __future__ import annotations

from collections.abc import Callable

from boneage.networks import OnnxNetwork
from boneage.prepare.aligned import AlignedHand, align
from boneage.prepare.attended import AttendedHand, attend
from boneage.prepare.enhanced import EnhancedHand, enhance
from boneage.prepare.registered import RegisteredHand, register_masked
from boneage.prepare.squashed import SquashedFilm, squash
from boneage.types import Prepared, Radiograph

Way = AlignedHand | RegisteredHand | EnhancedHand | AttendedHand | SquashedFilm
Load = Callable[[str], OnnxNetwork]  # a network by its dated name


def prepare(film: Radiograph, way: Way, *, load: Load) -> Prepared:
    """What the system's networks get to see of a film, and each step on the way. Raises BoneAgeError where there is no hand."""
    match way:
        case AlignedHand():
            return align(film, way, load=load)
        case RegisteredHand():
            return register_masked(film, way, load=load)
        case EnhancedHand():
            return enhance(film, way, load=load)
        case AttendedHand():
            return attend(film, way, load=load)
        case SquashedFilm():
            return squash(film, way)
