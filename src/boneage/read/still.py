"""Foreign decoders made quiet: their warnings are counted, not printed, and their many exceptions have one name.

A film that is no DICOM is read without pydicom, which takes longer to load than all else; so this does not load it.
"""

from __future__ import annotations

import logging
import os
import struct
import sys
import threading
import warnings
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from PIL import Image

# What Pillow was seen to raise on damaged files, and what its code can raise.
PICTURE_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    BufferError,
    EOFError,
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
    with _LOCK, warnings.catch_warnings(record=True) as caught, _unvalidated():
        warnings.simplefilter("always")
        disabled, logger.disabled = logger.disabled, True
        try:
            yield heard
        finally:
            logger.disabled = disabled
            heard += [str(one.message) for one in caught if not issubclass(one.category, Image.DecompressionBombWarning)]


def _unvalidated() -> AbstractContextManager[object]:
    """pydicom reads values that break the standard; nothing where it is not loaded."""
    config = sys.modules.get("pydicom.config")
    validation: Callable[[], AbstractContextManager[object]] | None = getattr(config, "disable_value_validation", None)
    return nullcontext() if validation is None else validation()


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
