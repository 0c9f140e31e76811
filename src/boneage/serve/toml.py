"""A TOML file to a checked value: what is wrong is told with its place, and an unknown key with the one that was meant."""

from __future__ import annotations

import difflib
import tomllib
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from boneage.errors import BoneAgeError, Kind

Model = TypeVar("Model", bound=BaseModel)


def read_toml(path: Path, model: type[Model], *, what: str, expected: str, todo: str) -> Model:
    """Raises BoneAgeError that names each key that is wrong; values are not repeated, for some are secret."""
    try:
        return model.model_validate(tomllib.loads(path.read_text(encoding="utf-8-sig")))
    except ValidationError as error:
        known = _keys(model)
        came = "; ".join(_told(dict(one), known) for one in error.errors(include_input=False, include_url=False))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        came = f"{type(error).__name__}: {error}"
    raise BoneAgeError(Kind.BAD_OPTION, came=f"{what} {path}: {came}", expected=expected, todo=todo)


def _told(one: dict[str, Any], known: list[str]) -> str:
    place = ".".join(str(part) for part in one["loc"]) or "file"
    if one["type"] != "extra_forbidden":
        return f"{place}: {one['msg']}"
    close = difflib.get_close_matches(str(one["loc"][-1]), known, n=1)
    return f"{place}: unknown key" + (f", did you mean {close[0]!r}?" if close else "")


def _keys(model: type[BaseModel]) -> list[str]:
    """Of the model and all tables in it."""
    schema = model.model_json_schema()
    return sorted({key for table in (schema, *schema.get("$defs", {}).values()) for key in table.get("properties", {})})
