"""The same quiet for DICOM: pydicom and its decoders have exceptions of their own."""

from __future__ import annotations

from pydicom.errors import BytesLengthException, InvalidDicomError

from boneage.read.still import PICTURE_ERRORS, mute, quiet

# What Pillow, pydicom, GDCM, OpenJPEG and CharLS were seen to raise on damaged files, and what their code can raise.
DECODER_ERRORS = (*PICTURE_ERRORS, BytesLengthException, InvalidDicomError)

__all__ = ["DECODER_ERRORS", "mute", "quiet"]
