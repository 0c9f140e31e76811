"""Memory that one film leaves is kept for the next.

The C library hands blocks as large as a film back to the system and takes them anew, page by page, for the next film. Glibc
learns what to keep from the largest block that was freed: once one of nearly 32 MiB was, it keeps up to 64 MiB. Elsewhere this
does nothing, and answers do not depend on it.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

LARGEST = 2**25 - 2**16  # bytes; what is larger is always handed back


@lru_cache(maxsize=1)
def keep_freed() -> None:
    """Once per process: takes the block and lets it go without touching it, so that no memory is used by it."""
    np.empty(LARGEST, np.uint8)
