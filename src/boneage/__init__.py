"""Bone age from a hand radiograph: a file in, months with an honest interval out."""

from boneage.errors import BoneAgeError
from boneage.pipeline import BOTH, assess, assess_many
from boneage.systems import REFERENCE, SYSTEMS
from boneage.types import Assessment, Sex

__version__ = "0.1.0"
__all__ = ["BOTH", "REFERENCE", "SYSTEMS", "Assessment", "BoneAgeError", "Sex", "assess", "assess_many"]
