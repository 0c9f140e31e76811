"""What the reading page says: sentences/<code>.toml here, over the reports' catalog. What a language lacks is said in English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from boneage.errors import Kind
from boneage.report.language import Language, key_of, sentences

FOLDER = Path(__file__).parent / "sentences"
SCRIPTS = "js_"  # what the keys of sentences that scripts say start with
ERRORS = "error_"  # and those of errors; their English is what REST answers


@lru_cache(maxsize=len(Language))
def words(language: Language) -> Mapping[str, str]:
    """All sentences of a language by their keys."""
    own = {} if language is Language.ENGLISH else _page(language)
    return MappingProxyType({**sentences(language), **_page(Language.ENGLISH), **own})


def word(language: Language, key: str, **values: object) -> str:
    """The sentence of a key, its placeholders filled. KeyError: no such sentence."""
    return words(language)[key.replace("-", "_")].format(**values)


def act_words(language: Language, action: str) -> str:
    """What a line of the audit trail says was done."""
    return words(language).get(f"act_{action}".replace("-", "_"), action)


def for_scripts(language: Language) -> dict[str, str]:
    """The sentences that scripts say; placeholders as they are."""
    return {key.removeprefix(SCRIPTS): text for key, text in words(language).items() if key.startswith(SCRIPTS)}


def error_words(language: Language, message: str) -> str | None:
    """An error of ours in another language; None: it has no sentence of its own there."""
    key = _errors().get(message)
    return None if key is None else words(language)[key]


def errors_for_scripts(language: Language) -> dict[str, dict[str, str]]:
    """Errors by their English, and what a kind of error says in general for those that have no sentence. English: nothing."""
    if language is Language.ENGLISH:
        return {"texts": {}, "kinds": {}}
    own = words(language)
    kinds = {kind.value: own[key_of(kind)] for kind in Kind if kind is not Kind.NOT_FOUND}  # that one is of files
    return {"texts": {english: own[key] for english, key in _errors().items()}, "kinds": kinds}


@lru_cache(maxsize=1)
def _errors() -> Mapping[str, str]:
    """English -> key."""
    return {text: key for key, text in _page(Language.ENGLISH).items() if key.startswith(ERRORS)}


def _page(language: Language) -> dict[str, str]:
    file = FOLDER / f"{language.value}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
