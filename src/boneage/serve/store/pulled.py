"""Which films were fetched from an archive, so that it is not asked for them again, not even once they are forgotten here."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from sqlalchemy import Engine, delete, insert, select

from boneage.serve.store import schema
from boneage.serve.store.engine import reads
from boneage.serve.store.records import to_text, utc_now

pulled, films = schema.pulled, schema.films
MOST = 500  # UIDs a statement


class Pulled:
    """Of one database. Each method is one transaction."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine, self.clock = engine, clock

    def here(self, sop_uids: Iterable[str]) -> set[str]:
        """Those of which a film is in the worklist, however it came."""
        return self._found(sop_uids, lambda some: select(films.c.sop_uid).where(films.c.sop_uid.in_(some)))

    def known(self, source: str, sop_uids: Iterable[str]) -> set[str]:
        """Those that this source gave."""
        of = pulled.c.source == source
        return self._found(sop_uids, lambda some: select(pulled.c.sop_uid).where(of, pulled.c.sop_uid.in_(some)))

    def remember(self, source: str, sop_uids: Iterable[str]) -> None:
        """They need not be asked for again."""
        wanted = set(sop_uids)
        new = sorted(wanted - self.known(source, wanted))
        at = to_text(self.clock())
        if new:
            with self.engine.begin() as connection:
                connection.execute(insert(pulled), [{"source": source, "sop_uid": uid, "at": at} for uid in new])

    def forget(self, before: datetime) -> None:
        """What was fetched before: to be called with a time that no poll looks back to."""
        with self.engine.begin() as connection:
            connection.execute(delete(pulled).where(pulled.c.at < to_text(before)))

    def _found(self, sop_uids: Iterable[str], query: Callable[[list[str]], object]) -> set[str]:
        wanted = sorted(set(sop_uids))
        found: set[str] = set()
        with reads(self.engine) as connection:
            for start in range(0, len(wanted), MOST):
                found |= set(connection.scalars(query(wanted[start : start + MOST])))  # type: ignore[call-overload]
        return found
