"""What the reading page says: sentences/<code>.toml here, over the reports' catalog. What a language lacks is said in English."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType

from boneage.report.language import Language, sentences

FOLDER = Path(__file__).parent / "sentences"
SCRIPTS = "js_"  # what the keys of sentences that scripts say start with


@lru_cache(maxsize=len(Language))
def words(language: Language) -> Mapping[str, str]:
    """All sentences of a language by their keys."""
    own = {} if language is Language.ENGLISH else _page(language)
    return MappingProxyType({**sentences(language), **_page(Language.ENGLISH), **own})


def word(language: Language, key: str, **values: object) -> str:
    """The sentence of a key, its placeholders filled. KeyError: no such sentence."""
    return words(language)[key.replace("-", "_")].format(**values)


def for_scripts(language: Language) -> dict[str, str]:
    """The sentences that scripts say; placeholders as they are."""
    return {key.removeprefix(SCRIPTS): text for key, text in words(language).items() if key.startswith(SCRIPTS)}


def _page(language: Language) -> dict[str, str]:
    file = FOLDER / f"{language.value}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
