"""`boneage users`: who may come in is changed on the command line, each change is in the audit trail, and an admin is left."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sqlalchemy", reason="needs the serve extra: make test EXTRAS=serve")

from typer.testing import CliRunner

from boneage.cli import app
from boneage.serve import accounts as module
from boneage.serve.accounts import Accounts
from boneage.serve.store.audit import events
from boneage.serve.store.engine import open_engine
from boneage.serve.store.records import Role

PASSWORD, OTHER = "correct horse battery", "another long password"
Say = Callable[..., tuple[int, str]]


@pytest.fixture
def say(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Say:
    """A command of a site: its exit code, and what it printed."""
    monkeypatch.setattr(module, "_HASHER", module.PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    (tmp_path / "site.toml").write_text("folder = 'data'\n")

    def run(*words: str, password: str = "") -> tuple[int, str]:
        command = ["users", *words, "--settings", str(tmp_path / "site.toml")]
        done = CliRunner().invoke(app, command, input=f"{password}\n")
        return done.exit_code, done.output

    return run


@pytest.fixture
def accounts(tmp_path: Path, say: Say) -> Any:
    engine = open_engine(f"sqlite:///{tmp_path}/data/boneage.sqlite")
    yield Accounts(engine)
    engine.dispose()


def test_a_user_from_the_first_day_to_the_last(say: Say, accounts: Accounts) -> None:
    assert say("add", "root", "--role", "admin", password=PASSWORD)[0] == 0
    assert say("add", "jane", "--display-name", "Dr. Jane Doe", password=PASSWORD)[0] == 0
    opened = accounts.sign_in("jane", PASSWORD)
    assert opened is not None
    assert say("role", "jane", "admin")[0] == 0
    assert accounts.session(opened[0]) is None
    assert say("password", "jane", password=OTHER)[0] == 0
    assert accounts.sign_in("jane", PASSWORD) is None
    opened = accounts.sign_in("jane", OTHER)
    assert opened is not None
    assert say("deactivate", "jane")[0] == 0
    assert accounts.session(opened[0]) is None  # at once
    assert accounts.sign_in("jane", OTHER) is None
    assert ["jane", "admin", "Dr.", "Jane", "Doe", "inactive"] in [line.split() for line in say("list")[1].splitlines()]
    assert say("reactivate", "jane")[0] == 0
    assert accounts.session(opened[0]) is None  # not again
    assert accounts.sign_in("jane", OTHER) is not None
    told = [one for one in events(accounts.engine) if one.action in ("add-user", "change-user")]
    assert {one.actor for one in told} == {"command line"}
    assert [(one.action, one.detail["user"], one.detail.get("active"), one.detail.get("password")) for one in told] == [
        ("add-user", "root", None, None),
        ("add-user", "jane", None, None),
        ("change-user", "jane", True, False),
        ("change-user", "jane", True, True),
        ("change-user", "jane", False, False),
        ("change-user", "jane", True, False),
    ]
    assert told[2].detail["before"] == {"role": "reader", "active": True}


def test_the_last_admin_stays(say: Say, accounts: Accounts) -> None:
    say("add", "root", "--role", "admin", password=PASSWORD)
    say("add", "gone", "--role", "admin", password=PASSWORD)
    assert say("deactivate", "gone")[0] == 0
    for command in (("deactivate", "root"), ("role", "root", "reader")):
        code, said = say(*command)
        assert code != 0
        assert "no admin" in said
    assert [user.active for user in accounts.all()] == [False, True]
    assert accounts.sign_in("root", PASSWORD) is not None


@pytest.mark.parametrize(
    "words",
    [
        ("role", "nobody", "admin"),
        ("role", "root", "chief"),
        ("deactivate", "nobody"),
        ("password", "nobody"),
        ("delete", "root"),
    ],
)
def test_what_cannot_be_is_told(say: Say, accounts: Accounts, words: tuple[str, ...]) -> None:
    say("add", "root", "--role", "admin", password=PASSWORD)
    before = accounts.all()
    code, said = say(*words, password=OTHER)
    assert code != 0
    assert "Traceback" not in said
    assert accounts.all() == before
    assert before[0].role is Role.ADMIN
