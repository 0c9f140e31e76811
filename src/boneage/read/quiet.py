"""Foreign decoders made quiet: their warnings are counted, not printed, and their many exceptions have one name."""

from __future__ import annotations

import logging
import os
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image
from pydicom.config import disable_value_validation
from pydicom.errors import BytesLengthException, InvalidDicomError

# What Pillow, pydicom, GDCM, OpenJPEG and CharLS were seen to raise on damaged files, and what their code can raise.
DECODER_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    BytesLengthException,
    EOFError,
    InvalidDicomError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    SyntaxError,
    TypeError,
    ValueError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)

# Python's warning filters, pydicom's settings and its logger belong to the whole process: one thread at a time.
_LOCK = threading.RLock()


@contextmanager
def quiet() -> Iterator[list[str]]:
    """Gathers the warnings of the libraries called inside; pydicom's log, which can quote a patient's name, is closed."""
    logger = logging.getLogger("pydicom")
    heard: list[str] = []
    with _LOCK, warnings.catch_warnings(record=True) as caught, disable_value_validation():
        warnings.simplefilter("always")
        disabled, logger.disabled = logger.disabled, True
        try:
            yield heard
        finally:
            logger.disabled = disabled
            heard += [str(one.message) for one in caught if not issubclass(one.category, Image.DecompressionBombWarning)]


@contextmanager
def mute() -> Iterator[None]:
    """Closes the process's stderr to libraries in C: libtiff writes there and Pillow leaves it no other way."""
    try:
        saved = os.dup(2)
    except OSError:  # no stderr at all
        yield
        return
    with _LOCK, open(os.devnull, "wb") as null:
        os.dup2(null.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
