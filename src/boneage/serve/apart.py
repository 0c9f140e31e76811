"""A service in parts: one server, and workers on as many machines as one likes, over one PostgreSQL and one shared folder.

The server alone takes films in, keeps the folder tidy and sends; workers only read. They read for a server of their own version
and settings alone: a worker without the folder, or of another version, would refuse films or give them another answer.
"""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path

from boneage import __version__
from boneage.errors import BoneAgeError, Kind
from boneage.serve.disk import write_whole
from boneage.serve.settings import SQLITE, Settings

FILE = "server"  # in the folder: what its server reads by


class Only(str, Enum):
    """What runs here, where it is not all."""

    SERVER = "server"  # page, REST, DICOM, retention: one
    WORKERS = "workers"  # the processes that read films: on any number of machines


def need_shared(settings: Settings) -> None:
    """Raises BoneAgeError where no other machine can have the database."""
    if settings.database_url.startswith(SQLITE):
        raise BoneAgeError(
            Kind.BAD_OPTION,
            came="a part of the service alone, over SQLite",
            expected="a PostgreSQL, which all parts reach",
            todo="Give `database` in the settings, or run the service as a whole.",
        )


def announce(settings: Settings) -> None:
    """By the server, once its tables and folder are in order."""
    write_whole(settings.folder / FILE, _terms(settings).encode())


def is_announced(settings: Settings) -> bool:
    """Whether the folder is here and its server reads by the same version and settings. Makes no folder."""
    try:
        return Path(settings.folder / FILE).read_text(encoding="utf-8") == _terms(settings)
    except (OSError, UnicodeDecodeError):
        return False


def _terms(settings: Settings) -> str:
    """All that an answer, and what becomes of it, depends on. Nothing secret."""
    reads, to = settings.reads, {one.name: one.formats for one in settings.destinations}
    terms = {"version": __version__, "system": reads.system, "maps": reads.maps, "send": settings.send.value, "destinations": to}
    return json.dumps(terms, sort_keys=True) + "\n"
