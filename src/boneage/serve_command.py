"""`boneage serve`, `boneage users`: the service and who may come in. What they need loads when they run."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from boneage.errors import BoneAgeError, Kind
from boneage.extras import load

if TYPE_CHECKING:  # of an extra
    from boneage.serve.accounts import Accounts
    from boneage.serve.apart import Only

Command = Callable[..., None]
COMMAND_LINE = "command line"  # who it was, in the audit trail
SettingsFile = Annotated[Path | None, typer.Option("--settings", help="The site's settings, a TOML file; see docs/settings.md.")]


def serve(
    settings: SettingsFile = None,
    demo: Annotated[bool, typer.Option("--demo", help="With synthetic patients, without an archive.")] = False,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Of the demo's page.")] = None,
    folder: Annotated[Path | None, typer.Option(help="Of the demo's data; default: one that is deleted afterwards.")] = None,
    show_settings: Annotated[bool, typer.Option("--show-settings", help="Print a file with every key, and stop.")] = False,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="PART", help="server or workers, where they run apart; see docs/how-to/deploy.md."),
    ] = None,
) -> None:
    """Run the service: reading page, REST, DICOM listener, results to the archive. Until it is told to stop."""
    _need()
    if show_settings:
        from boneage.serve.example import example_settings

        sys.stdout.write(example_settings())
        return
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("boneage").setLevel(logging.INFO)  # no library: one tells the UIDs of films that it reports on
    from boneage.serve.run import serve as run
    from boneage.serve.settings import Settings, read_settings

    part = _part(only, demo=demo)
    if demo:
        _demo(port or 8080, folder)
        return
    if port is not None or folder is not None:
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came="--port or --folder without --demo",
            expected="--settings FILE",
            todo="Write them into the file.",
        )
    run(Settings() if settings is None else read_settings(settings), only=part, tell=_tell)


def _part(word: str | None, *, demo: bool) -> Only | None:
    from boneage.serve.apart import Only

    if word is None:
        return None
    if demo or word not in [one.value for one in Only]:
        came = "--only with --demo" if demo else f"--only {word!r}"
        raise BoneAgeError(
            Kind.BAD_OPTION, came=came, expected="server or workers, of a site", todo="Choose one, or leave it out."
        )
    return Only(word)


def _demo(port: int, folder: Path | None) -> None:
    from tempfile import TemporaryDirectory

    from boneage.serve.demo import PASSWORD, USER, demo_settings, fill
    from boneage.serve.run import serve as run

    with TemporaryDirectory(prefix="boneage-demo-") as fleeting:
        _tell(f"sign in as {USER} with {PASSWORD}; all patients are synthetic")
        run(demo_settings(folder or Path(fleeting), port=port), tell=_tell, ready=fill)


def add(
    name: str,
    settings: SettingsFile = None,
    display_name: Annotated[str, typer.Option(help="As reports name the person.")] = "",
    role: Annotated[str, typer.Option(help="reader, admin or device")] = "reader",
    by_proxy: Annotated[
        bool, typer.Option("--by-proxy", help="Without a password: the site's proxy signs this user in.")
    ] = False,
) -> None:
    """Add a user; the password is asked for, or read from standard input."""
    from boneage.serve.store.records import Role, User

    accounts = _accounts(settings)
    accounts.add(User(name, display_name or name, Role(_role(role))), None if by_proxy else _password(), actor=COMMAND_LINE)
    _tell(f"{name} added")


def password(name: str, settings: SettingsFile = None) -> None:
    """Give a user a new password; open sessions end."""
    accounts = _accounts(settings)
    _need_user(accounts, name)
    accounts.alter(name, password=_password(), actor=COMMAND_LINE)
    _tell(f"{name} has a new password")


def change_role(
    name: str, role: Annotated[str, typer.Argument(help="reader, admin or device")], settings: SettingsFile = None
) -> None:
    """Give a user another role; open sessions end."""
    from boneage.serve.store.records import Role

    accounts = _accounts(settings)
    _need_user(accounts, name)
    accounts.alter(name, role=Role(_role(role)), actor=COMMAND_LINE)
    _tell(f"{name} is {role} now")


def deactivate(name: str, settings: SettingsFile = None) -> None:
    """Let a user in no more; open sessions end at once. Nobody is deleted: the audit trail names them."""
    accounts = _accounts(settings)
    _need_user(accounts, name)
    accounts.alter(name, active=False, actor=COMMAND_LINE)
    _tell(f"{name} cannot come in any more")


def reactivate(name: str, settings: SettingsFile = None) -> None:
    """Let a user in again who was deactivated, with the same role and password."""
    accounts = _accounts(settings)
    _need_user(accounts, name)
    accounts.alter(name, active=True, actor=COMMAND_LINE)
    _tell(f"{name} can come in again")


def list_users(settings: SettingsFile = None) -> None:
    """Everybody who may come in."""
    for user in _accounts(settings).all():
        _tell(f"{user.name}\t{user.role.value}\t{user.display_name}{'' if user.active else chr(9) + 'inactive'}")


def export_films(
    out: Annotated[Path, typer.Option("--out", help="A new or empty folder for the data set.")],
    settings: SettingsFile = None,
    first: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="Received on this day or later: 2026-01-31.")
    ] = None,
    last: Annotated[str | None, typer.Option("--to", metavar="DATE", help="Received on this day or before.")] = None,
    form: Annotated[str, typer.Option("--format", help="png (16 bits) or dicom.")] = "png",
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="Also write whose ids these are: a file apart, for this user alone.")
    ] = None,
) -> None:
    """Export signed films for research: without identity, blanked outside the hand, in the challenge's layout."""
    _need()
    from boneage.serve.export.run import Form, Wish, export
    from boneage.serve.settings import Settings, read_settings
    from boneage.serve.spool import Spool
    from boneage.serve.store.engine import open_engine

    if form not in [one.value for one in Form]:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"--format {form!r}", expected="png or dicom", todo="Choose one.")
    site = Settings() if settings is None else read_settings(settings)
    wish = Wish(out, _day(first), _day(last), Form(form), mapping)
    found = export(open_engine(site.database_url), Spool(site.folder / "spool"), wish, actor=COMMAND_LINE)
    _tell(f"{found.films} films in {out}; look at them before you give them away: what is written on the hand itself stays")
    for reason, count in found.left_out.items():
        _tell(f"left out: {count}, {reason.value}")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"{text!r}", expected="a day such as 2026-01-31", todo="Write it so.") from None


def users_app(reporting: Callable[[Command], Command]) -> typer.Typer:
    """`boneage users`, its commands' errors told as `reporting` does."""
    app = typer.Typer(no_args_is_help=True, help="Who may sign in to the service.")
    commands: dict[str, Command] = {
        "list": list_users,
        "add": add,
        "role": change_role,
        "password": password,
        "deactivate": deactivate,
        "reactivate": reactivate,
    }
    for name, command in commands.items():
        app.command(name)(reporting(command))
    return app


def _accounts(settings: Path | None) -> Accounts:
    _need()
    from boneage.serve.accounts import Accounts
    from boneage.serve.disk import make_folder
    from boneage.serve.settings import Settings, read_settings
    from boneage.serve.store.engine import open_engine

    site = Settings() if settings is None else read_settings(settings)
    make_folder(site.folder)
    return Accounts(open_engine(site.database_url))


def _need_user(accounts: Accounts, name: str) -> None:
    """Before a password is asked for. Raises BoneAgeError for one who is not here."""
    if name not in [user.name for user in accounts.all()]:
        raise BoneAgeError(Kind.BAD_OPTION, came=f"no user {name!r}", expected="one of `boneage users list`", todo="Correct it.")


def _role(word: str) -> str:
    if word not in ("reader", "admin", "device"):
        raise BoneAgeError(Kind.BAD_OPTION, came=f"the role {word!r}", expected="reader, admin or device", todo="Choose one.")
    return word


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\n")


def _need() -> None:
    for module in ("fastapi", "sqlalchemy", "alembic", "argon2", "pynetdicom", "uvicorn"):
        load(module, "serve")


def _tell(line: str) -> None:
    Console().print(line, highlight=False, soft_wrap=True, markup=False)
