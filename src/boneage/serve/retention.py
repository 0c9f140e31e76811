"""Films are kept for as long as the site says: first the database forgets them, then the spool, whatever ends in between."""

from __future__ import annotations

from datetime import datetime

from boneage.serve.spool import Spool
from boneage.serve.store.worklist import Worklist


def forget(worklist: Worklist, spool: Spool, before: datetime) -> int:
    """Films received before, with their readings and files, but not those that wait or are being delivered; how many."""
    count = worklist.forget(before)
    clear(worklist, spool)
    return count


def clear(worklist: Worklist, spool: Spool) -> None:
    """Takes the files of forgotten films out of the spool. A film of a killed `forget` would else be taken for a new one."""
    if files := worklist.forgotten():
        spool.remove(*files)
        worklist.removed(files)
