"""Who may come in: local accounts with argon2id hashes, sessions by random tokens of which only a hash is kept."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError
from sqlalchemy import Connection, Engine, Row, Select, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from boneage.errors import BoneAgeError, Kind
from boneage.serve.store import schema
from boneage.serve.store.audit import SYSTEM, note
from boneage.serve.store.engine import reads
from boneage.serve.store.records import Role, User, from_text, to_text, utc_now
from boneage.serve.store.text import fitted

users, sessions = schema.users, schema.sessions
SHORTEST, LONGEST = 12, 1000  # characters of a password
LONGEST_NAME, LONGEST_DISPLAY_NAME = 64, 200
MOST_FAILURES, LOCKED = 5, timedelta(minutes=15)
_HASHER = PasswordHasher()


@dataclass(frozen=True)
class Session:
    """Somebody who is signed in."""

    user: User
    csrf: str = field(repr=False)  # every change must bring it along


class Accounts:
    """The users and sessions of one database."""

    def __init__(self, engine: Engine, *, hours: float = 10, clock: Callable[[], datetime] = utc_now) -> None:
        self.engine, self.hours, self.clock = engine, hours, clock

    def add(self, user: User, password: str | None, *, actor: str) -> None:
        """A new user; without a password for the site's proxy. Raises BoneAgeError for a taken name or a weak password."""
        if not _may_be_a_name(user.name):
            raise _wrong("a user name that cannot be used", f"1 to {LONGEST_NAME} printable characters, not `{SYSTEM}`")
        row = {"name": user.name, "password_hash": "" if password is None else _hash(password), "failures": 0}
        try:
            with self.engine.begin() as connection:
                connection.execute(insert(users).values(row | _columns(user)))
                note(connection, self.clock(), actor, "add-user", detail={"user": user.name, "role": user.role.value})
        except IntegrityError:
            raise _wrong(f"a user {user.name!r}, who is here already", "a new name") from None

    def change(self, user: User, *, password: str | None = None, actor: str) -> None:
        """Name, role, whether active, and the password where one is given. As `alter`."""
        shown, role, active = user.display_name, user.role, user.active
        self.alter(user.name, display_name=shown, role=role, active=active, password=password, actor=actor)

    def alter(
        self,
        name: str,
        *,
        display_name: str | None = None,
        role: Role | None = None,
        active: bool | None = None,
        password: str | None = None,
        actor: str,
    ) -> User:
        """What is given becomes so, the rest stays; open sessions end. Nobody is deleted: the audit trail names them.

        Raises BoneAgeError for a user who is not here, a weak password, and where no active admin would be left.
        """
        secret = {} if password is None else {"password_hash": _hash(password), "failures": 0, "locked_until": None}
        with self.engine.begin() as connection:
            admins = _lock_admins(connection)
            row = connection.execute(_locked_row(name)).one_or_none() if _may_be_a_name(name) else None
            if row is None:
                raise _wrong(f"no user {name!r}", "one who is here")
            before = _user(row)
            shown = before.display_name if display_name is None else display_name
            user = User(name, shown, role or before.role, before.active if active is None else active)
            if admins == {name} and not _is_admin(user):
                raise _wrong("a change that leaves no admin", "at least one active admin")
            connection.execute(update(users).where(users.c.name == name).values(_columns(user) | secret))
            connection.execute(delete(sessions).where(sessions.c.user_name == name))
            detail = {"user": name, "role": user.role.value, "active": user.active, "password": password is not None}
            was = {"role": before.role.value, "active": before.active}
            note(connection, self.clock(), actor, "change-user", detail=detail | {"before": was})
        return user

    def all(self) -> list[User]:
        with reads(self.engine) as connection:
            return [_user(row) for row in connection.execute(select(users).order_by(users.c.name))]

    def sign_in(self, name: str, password: str) -> tuple[str, Session] | None:
        """A token for the browser's cookie, and the session; None: wrong name or password, inactive, or locked for a while.

        All of these cost alike, and none holds the database while the password is hashed.
        """
        row = self._row(name)
        usable = row is not None and row.active and row.password_hash
        right = _verify(row.password_hash if row is not None and usable else _nobodys(), password) and usable
        now = self.clock()
        with self.engine.begin() as connection:
            known = None if row is None else connection.execute(_locked_row(name)).one_or_none()
            if known is None:
                note(connection, now, SYSTEM, "sign-in-failed", detail={"known": False})  # the name may be a mistyped password
                return None
            if known.locked_until is not None and from_text(known.locked_until) > now:
                return None
            if not right or not known.active or row is None or known.password_hash != row.password_hash:
                _count_failure(connection, known, now)
                return None
            connection.execute(update(users).where(users.c.name == name).values(failures=0, locked_until=None))
            return self._open(connection, _user(known))  # under the lock: whoever is put out meanwhile gets no session

    def open(self, user: User) -> tuple[str, Session]:
        """A session for a user who showed who they are, here or to somebody who is trusted."""
        with self.engine.begin() as connection:
            return self._open(connection, user)

    def session(self, token: str) -> Session | None:
        """Whose token it is; None: nobody's, or no more."""
        joined = select(users, sessions.c.csrf).join(sessions, sessions.c.user_name == users.c.name)
        valid = (sessions.c.token_hash == _digest(token)) & (sessions.c.expires_at >= to_text(self.clock())) & users.c.active
        with reads(self.engine) as connection:
            row = connection.execute(joined.where(valid)).one_or_none()
        return None if row is None else Session(_user(row), row.csrf)

    def sign_out(self, token: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(sessions).where(sessions.c.token_hash == _digest(token)))

    def find(self, name: str) -> User | None:
        """An active user."""
        row = self._row(name)
        return _user(row) if row is not None and row.active else None

    def _open(self, connection: Connection, user: User) -> tuple[str, Session]:
        token, session, now = secrets.token_urlsafe(32), Session(user, secrets.token_urlsafe(32)), self.clock()
        row = {"token_hash": _digest(token), "user_name": user.name, "csrf": session.csrf}
        connection.execute(delete(sessions).where(sessions.c.expires_at < to_text(now)))
        connection.execute(insert(sessions).values(row | {"expires_at": to_text(now + timedelta(hours=self.hours))}))
        note(connection, now, user.name, "sign-in")
        return token, session

    def _row(self, name: str) -> Row[Any] | None:
        if not _may_be_a_name(name):
            return None
        with reads(self.engine) as connection:
            return connection.execute(select(users).where(users.c.name == name)).one_or_none()


def _locked_row(name: str) -> Select[Any]:
    return select(users).where(users.c.name == name).with_for_update()


def _count_failure(connection: Connection, row: Row[Any], now: datetime) -> None:
    """One more wrong password; after some of them the account is locked for a while."""
    lock = row.failures + 1 >= MOST_FAILURES
    values = {"failures": 0 if lock else row.failures + 1, "locked_until": to_text(now + LOCKED) if lock else None}
    connection.execute(update(users).where(users.c.name == row.name).values(values))
    note(connection, now, row.name, "sign-in-failed", detail={"known": True, "locked": lock})


def _lock_admins(connection: Connection) -> set[str]:
    """Who can come in and change users; locked in one order, so that two who put each other out take turns."""
    wanted = select(users.c.name).where(users.c.role == Role.ADMIN.value, users.c.active).order_by(users.c.name)
    return set(connection.scalars(wanted.with_for_update()))


def _is_admin(user: User) -> bool:
    return user.active and user.role is Role.ADMIN


def _may_be_a_name(name: str) -> bool:
    return 0 < len(name) <= LONGEST_NAME and name.isprintable() and name == name.strip() and name.casefold() != SYSTEM


def _columns(user: User) -> dict[str, Any]:
    shown = fitted(user.display_name, LONGEST_DISPLAY_NAME)
    return {"name": user.name, "display_name": shown, "role": user.role.value, "active": user.active}


def _hash(password: str) -> str:
    if not SHORTEST <= len(password) <= LONGEST:
        raise _wrong(f"a password of {len(password)} characters", f"{SHORTEST} to {LONGEST}")
    return _HASHER.hash(_secret(password))


@cache
def _nobodys() -> str:
    """So that an unknown name costs as much time as a wrong password."""
    return _HASHER.hash(secrets.token_bytes(16))


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, _secret(password[: LONGEST + 1]))
    except (Argon2Error, InvalidHashError):
        return False


def _secret(password: str) -> bytes:
    """The same for every keyboard: some compose an umlaut of two characters."""
    return _bytes(unicodedata.normalize("NFKC", password))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")  # what comes in a form or a header may hold half characters


def _digest(token: str) -> str:
    return hashlib.sha256(_bytes(token)).hexdigest()


def _user(row: Row[Any]) -> User:
    return User(row.name, row.display_name, Role(row.role), row.active)


def _wrong(came: str, expected: str) -> BoneAgeError:
    return BoneAgeError(Kind.BAD_OPTION, came=came, expected=expected, todo="Choose another.")
