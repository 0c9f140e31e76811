"""Synthetic hand radiographs with known truth: mask, bones, key points, side, sex, bone age. No film of any child is in them."""

from boneage.phantom.expose import Phantom, draw
from boneage.phantom.files import write_dicom, write_jpeg, write_png
from boneage.phantom.film import Border, Look
from boneage.phantom.hand import Pose

__all__ = ["Border", "Look", "Phantom", "Pose", "draw", "write_dicom", "write_jpeg", "write_png"]
