"""The settings file with every key, its default and what it means: made from the model, so that it cannot differ from it."""

from __future__ import annotations

import json
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from boneage.serve.settings import (
    CStore,
    DicomSource,
    Listener,
    ListenerTls,
    Part,
    PeerTls,
    Reads,
    Settings,
    SignIn,
    Stow,
    Web,
    WebSource,
)

HEAD = """\
# The settings of a boneage service. What is commented out is absent unless you give it; all other keys show their default.
# Paths are relative to this file. docs/settings.md tells more.
"""
_TABLES: dict[str, type[Part]] = {"web": Web, "sign_in": SignIn, "reads": Reads}
_OPTIONAL: tuple[tuple[str, type[Part]], ...] = (
    ("[listener]", Listener),
    ("[listener.tls]", ListenerTls),
    ("[[destinations]]", CStore),
    ("[destinations.tls]", PeerTls),
    ("[[destinations]]", Stow),
    ("[[sources]]", DicomSource),
    ("[[sources]]", WebSource),
)
# what stands for keys that have no default, and for those that are absent unless they are given
_FOR_EXAMPLE: dict[str, object] = {
    "name": "pacs",
    "ae_title": "PACS",
    "host": "pacs.example",
    "port": 104,
    "url": "https://pacs.example/dicom-web",
    "token": "TOKEN",
    "mapping": "mapping.toml",
    "keep_days": 365,
    "certificate": "certificate.pem",
    "key": "key.pem",
    "ca": "ca.pem",
    "plates": "plates",
    "poll_seconds": 30.0,
}


def example_settings() -> str:
    """As a TOML file that means the defaults."""
    tables = [*Settings.model_fields.keys() & {"listener", "destinations", "sources"}, *_TABLES]
    lines = [HEAD, *_lines({name: field for name, field in Settings.model_fields.items() if name not in tables})]
    for name, table in _TABLES.items():
        lines += ["", f"# {_summary(table)}", f"[{name}]", *_lines(table.model_fields)]
    for number, (head, table) in enumerate(_OPTIONAL):
        one = f"example-{number}" if head.startswith("[[") else None
        lines += ["", f"# {_summary(table)}", f"# {head}", *_lines(table.model_fields, absent=True, name=one)]
    return "\n".join(lines) + "\n"


def _lines(fields: dict[str, FieldInfo], *, absent: bool = False, name: str | None = None) -> list[str]:
    lines = []
    for key, field in fields.items():
        if key == "tls":  # a table of its own
            continue
        value = name if key == "name" and name else _value(key, field)
        line = f"{key} = {_toml(value)}" + (f"  # {field.description}" if field.description else "")
        lines.append(f"# {line}" if absent or field.default is None else line)
    return lines


def _value(key: str, field: FieldInfo) -> object:
    if field.default is not PydanticUndefined and field.default is not None:
        return field.default
    return get_args(field.annotation)[0] if key == "kind" else _FOR_EXAMPLE[key]


def _toml(value: Any) -> str:
    match value:
        case SecretStr():
            return json.dumps(value.get_secret_value())
        case Enum():
            return json.dumps(value.value)
        case Path():
            return json.dumps(value.as_posix())
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return json.dumps(value)


def _summary(table: type[BaseModel]) -> str:
    return (table.__doc__ or "").splitlines()[0]
