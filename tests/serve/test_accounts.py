"""Who may come in: the right password alone, not for ever, not after too many wrong ones; nothing secret is kept or shown."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from boneage.errors import BoneAgeError
from boneage.serve import accounts as module
from boneage.serve.accounts import LOCKED, LONGEST, MOST_FAILURES, Accounts
from boneage.serve.store import schema
from boneage.serve.store.audit import events
from boneage.serve.store.records import Role, User

PASSWORD = "correct horse battery"
READER, ADMIN = User("reader", "Dr. Reader", Role.READER), User("admin", "An Admin", Role.ADMIN)


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same hash at the least cost: time is not what is tested."""
    monkeypatch.setattr(module, "_HASHER", module.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    module._nobodys.cache_clear()


@pytest.fixture
def accounts(engine: Engine, clock: Any) -> Accounts:
    made = Accounts(engine, hours=10, clock=clock)
    made.add(READER, PASSWORD, actor="setup")
    made.add(ADMIN, PASSWORD, actor="setup")
    return made


def test_the_right_password_alone_lets_in(accounts: Accounts) -> None:
    found = accounts.sign_in("reader", PASSWORD)
    assert found is not None
    token, session = found
    assert session.user == READER
    assert accounts.session(token) == session
    for name, password in [("reader", PASSWORD + "x"), ("reader", ""), ("Reader", PASSWORD), ("nobody", PASSWORD), ("", "")]:
        assert accounts.sign_in(name, password) is None


@pytest.mark.parametrize("name", ["\0", "reader\0", "\ud800", "x" * 10_000, "' OR 1=1 --", " reader"])
@pytest.mark.parametrize("password", ["\0", "\ud800", "x" * 100_000, PASSWORD])
def test_any_text_is_a_wrong_one(accounts: Accounts, name: str, password: str) -> None:
    assert accounts.sign_in(name, password) is None
    assert accounts.find(name) is None


def test_how_an_umlaut_was_typed_does_not_matter(accounts: Accounts) -> None:
    accounts.change(READER, password="pa\u0308sswo\u0308rtchen", actor="admin")
    assert accounts.sign_in("reader", "pässwörtchen") is not None


def test_locked_after_some_failures_and_for_a_while(engine: Engine, accounts: Accounts, clock: Any) -> None:
    for _ in range(MOST_FAILURES):
        assert accounts.sign_in("reader", "wrong password") is None
    assert accounts.sign_in("reader", PASSWORD) is None
    assert accounts.sign_in("admin", PASSWORD) is not None
    clock.now += LOCKED
    clock.go(seconds=-1)
    assert accounts.sign_in("reader", PASSWORD) is None
    clock.go(seconds=1)
    assert accounts.sign_in("reader", PASSWORD) is not None
    told = [event.detail.get("locked") for event in events(engine) if event.action == "sign-in-failed"]
    assert told == [False] * (MOST_FAILURES - 1) + [True]


def test_a_right_one_in_between_starts_the_count_anew(accounts: Accounts) -> None:
    for _ in range(2):
        for _ in range(MOST_FAILURES - 1):
            accounts.sign_in("reader", "wrong password")
        assert accounts.sign_in("reader", PASSWORD) is not None


def test_a_new_password_unlocks(accounts: Accounts) -> None:
    for _ in range(MOST_FAILURES):
        accounts.sign_in("reader", "wrong password")
    accounts.change(READER, password="a new long password", actor="admin")
    assert accounts.sign_in("reader", PASSWORD) is None
    assert accounts.sign_in("reader", "a new long password") is not None


@pytest.mark.parametrize("name", ["reader", "nobody", "gone", "proxied", "locked", "\0"])
def test_every_refusal_costs_one_hash(accounts: Accounts, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    accounts.add(User("gone", "", Role.READER, active=False), PASSWORD, actor="admin")
    accounts.add(User("proxied", "", Role.READER), None, actor="admin")
    accounts.add(User("locked", "", Role.READER), PASSWORD, actor="admin")
    for _ in range(MOST_FAILURES):
        accounts.sign_in("locked", "wrong password")
    hashed: list[str] = []

    class Counting:
        def verify(self, kept: str, password: bytes) -> bool:
            hashed.append(kept)
            raise module.Argon2Error

    nobodys = module._nobodys()
    monkeypatch.setattr(module, "_HASHER", Counting())
    assert accounts.sign_in(name, PASSWORD) is None
    assert len(hashed) == 1
    assert hashed[0].split("$")[:4] == nobodys.split("$")[:4]  # of the same cost


def test_the_database_is_free_while_a_password_is_hashed(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    verify = module._verify

    def writes_meanwhile(kept: str, password: str) -> bool:
        accounts.add(User("another", "", Role.DEVICE), None, actor="admin")  # would wait 30 s, and then fail
        return verify(kept, password)

    monkeypatch.setattr(module, "_verify", writes_meanwhile)
    assert accounts.sign_in("reader", PASSWORD) is not None


def test_a_password_that_changes_meanwhile_does_not_let_in(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    def changes_meanwhile(kept: str, password: str) -> bool:
        accounts.change(READER, password="a new long password", actor="admin")
        return True

    monkeypatch.setattr(module, "_verify", changes_meanwhile)
    assert accounts.sign_in("reader", PASSWORD) is None


def test_sessions_end(accounts: Accounts, clock: Any) -> None:
    token, _ = accounts.open(READER)
    other, _ = accounts.open(READER)
    clock.go(hours=10)
    assert accounts.session(token) is not None
    clock.go(seconds=1)
    assert accounts.session(token) is None
    accounts.open(READER)
    with accounts.engine.connect() as connection:
        assert len(connection.execute(select(schema.sessions)).all()) == 1  # the old ones are gone
    assert accounts.session(other) is None


def test_sign_out(accounts: Accounts) -> None:
    token, _ = accounts.open(READER)
    other, _ = accounts.open(READER)
    accounts.sign_out(token)
    assert accounts.session(token) is None
    assert accounts.session(other) is not None
    for wrong in ("", "x", "\0", "\ud800", token):
        accounts.sign_out(wrong)
        assert accounts.session(wrong) is None


def test_tokens_differ(accounts: Accounts) -> None:
    opened = [accounts.open(READER) for _ in range(10)]
    secrets = {token for token, _ in opened} | {session.csrf for _, session in opened}
    assert len(secrets) == 20
    assert min(map(len, secrets)) >= 43  # 256 bits


def test_nothing_secret_is_kept_or_shown(engine: Engine, accounts: Accounts) -> None:
    found = accounts.sign_in("reader", PASSWORD)
    assert found is not None
    token, session = found
    shown = repr((session, accounts, accounts.all(), events(engine)))
    with engine.connect() as connection:
        kept = str(
            [tuple(row) for table in ("users", "sessions", "audit") for row in connection.execute(text(f"SELECT * FROM {table}"))]
        )
    assert not {one for one in (token, PASSWORD) if one in kept + shown}
    assert session.csrf not in shown
    assert "$argon2id$" in kept


def test_a_change_ends_sessions(engine: Engine, accounts: Accounts) -> None:
    token, _ = accounts.open(READER)
    accounts.change(User("reader", "Dr. R.", Role.ADMIN), actor="admin")
    assert accounts.session(token) is None
    assert accounts.sign_in("reader", PASSWORD) is not None
    token, _ = accounts.open(READER)
    accounts.change(User("reader", "Dr. R.", Role.READER, active=False), actor="admin")
    assert accounts.session(token) is None
    assert accounts.find("reader") is None
    assert accounts.sign_in("reader", PASSWORD) is None
    assert [event.action for event in events(engine)].count("change-user") == 2


def test_an_admin_is_left(accounts: Accounts) -> None:
    for last in (User("admin", "", Role.READER), User("admin", "", Role.ADMIN, active=False)):
        with pytest.raises(BoneAgeError, match="no admin"):
            accounts.change(last, actor="admin")
    accounts.change(User("reader", "", Role.ADMIN), actor="admin")
    accounts.change(User("admin", "", Role.READER), actor="reader")
    with pytest.raises(BoneAgeError, match="no user"):
        accounts.change(User("nobody", "", Role.READER), actor="admin")


def test_two_admins_who_put_each_other_out_at_once(accounts: Accounts) -> None:
    """One of both stays, whoever was quicker."""
    accounts.add(User("other", "", Role.ADMIN), PASSWORD, actor="admin")
    start, told = threading.Barrier(2), []

    def put_out(name: str) -> None:
        start.wait()
        try:
            accounts.alter(name, active=False, actor="test")
        except BoneAgeError as error:
            told.append(str(error))

    for _ in range(5):
        told.clear()
        both = [threading.Thread(target=put_out, args=(name,)) for name in ("admin", "other")]
        for one in both:
            one.start()
        for one in both:
            one.join()
        assert len(told) == 1
        assert "no admin" in told[0]
        (left,) = [user.name for user in accounts.all() if user.active and user.role is Role.ADMIN]
        accounts.alter("other" if left == "admin" else "admin", active=True, actor="test")


def test_who_is_put_out_while_signing_in_gets_no_session(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    opening = Accounts._open
    seen: list[bool] = []

    def slow(self: Accounts, connection: Any, user: User) -> Any:
        seen.append(connection.in_transaction())
        return opening(self, connection, user)

    monkeypatch.setattr(Accounts, "_open", slow)
    found = accounts.sign_in("reader", PASSWORD)
    assert found is not None
    accounts.alter("reader", active=False, actor="admin")
    accounts.alter("reader", active=True, actor="admin")
    assert seen == [True]  # in the transaction that holds the user's row
    assert accounts.session(found[0]) is None


def test_users_of_the_sites_proxy(accounts: Accounts) -> None:
    accounts.add(User("CLINIC\\jane.doe@x", "Jane", Role.READER), None, actor="admin")
    user = accounts.find("CLINIC\\jane.doe@x")
    assert user is not None
    assert accounts.sign_in(user.name, "") is None
    token, session = accounts.open(user)
    assert accounts.session(token) == session
    assert accounts.find("somebody") is None


@pytest.mark.parametrize("name", ["", "x" * 65, "system", "SYSTEM", "a\nb", "a\0", "\ud800", " a", "a ", "reader"])
def test_names_that_cannot_be(accounts: Accounts, name: str) -> None:
    with pytest.raises(BoneAgeError, match="user"):
        accounts.add(User(name, "", Role.READER), PASSWORD, actor="admin")
    assert len(accounts.all()) == 2


@pytest.mark.parametrize("password", ["", "short", "x" * 11, "x" * (LONGEST + 1)])
def test_weak_passwords(accounts: Accounts, password: str) -> None:
    with pytest.raises(BoneAgeError, match="characters") as caught:
        accounts.add(User("new", "", Role.READER), password, actor="admin")
    assert not password or password not in str(caught.value)
    with pytest.raises(BoneAgeError, match="characters"):
        accounts.change(READER, password=password, actor="admin")
