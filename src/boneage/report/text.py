"""The report as plain text, for pasting into a RIS: lines of under 80 columns, no characters that a RIS may lack."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import east_asian_width

from boneage.report.content import Content, Row, content_of
from boneage.report.language import Language, say
from boneage.report.reading import Reading

COLUMNS = 79
INDENT = "  "
_PLAIN = str.maketrans({"\u2212": "-", "\u00a0": " ", "\u202f": " ", "\u2019": "'"})
_NEVER_FIRST = frozenset("，。；：、）！？%")  # of a line, in Chinese
_NEVER_LAST = frozenset("（")


def to_text(reading: Reading, language: Language) -> str:
    """The whole report. Raises BoneAgeError for a height that no child has."""
    content = content_of(reading, language)
    blocks = (
        _head(content),
        [*_lines(content, *content.patient)],
        [say(language, "findings"), *_findings(content)],
        [say(language, "flags"), *(f"- {remark.sentence}" for remark in content.remarks)] if content.remarks else [],
        [say(language, "technical"), *_lines(content, *content.technical)],
    )
    written = ["\n".join(line for part in block for line in wrap(part.translate(_PLAIN))) for block in blocks if block]
    limits = wrap(say(language, "limits").translate(_PLAIN), indent="")
    return "\n\n".join([*written, "\n".join([say(language, "limits_title"), *limits])]) + "\n"


def wrap(text: str, *, columns: int = COLUMNS, indent: str = INDENT) -> list[str]:
    """The text in lines of at most that many columns, all but the first indented; East Asian characters fill two."""
    lines, line, used = [], "", 0
    for piece in _pieces(text):
        wide = width(piece)
        if line.strip() and used + wide - (piece[-1] == " ") > columns:
            lines.append(line.rstrip())
            line, used = indent, len(indent)
        while used + wide > columns + (piece[-1] == " "):  # longer than a line: a UID, a name
            head = _fitting(piece, columns - used)
            lines.append(line + head)
            piece, line, used = piece[len(head) :], indent, len(indent)
            wide = width(piece)
        line, used = line + piece, used + wide
    return [*lines, line.rstrip()] if line.strip() else lines or [""]


def width(text: str) -> int:
    """How many columns it fills."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def _pieces(text: str) -> Iterator[str]:
    """What stays together on a line: words with their blank, East Asian characters one by one with their marks."""
    piece = ""
    for one in text:
        wide = east_asian_width(one) in "WF"
        apart = piece and (piece[-1] == " " or wide or east_asian_width(piece[-1]) in "WF")
        if apart and one not in _NEVER_FIRST and piece[-1] not in _NEVER_LAST and one != " ":
            yield piece
            piece = ""
        piece += one
    if piece:
        yield piece


def _fitting(piece: str, columns: int) -> str:
    head = ""
    for one in piece:
        if head and width(head + one) > columns:
            break
        head += one
    return head


def _head(content: Content) -> list[str]:
    standing, language = content.standing, content.language
    return [
        content.title,
        content.exam,
        say(language, "label", label=say(language, "status"), value=standing.word),
        standing.sentence,
        *_lines(content, *standing.rows),
        say(language, "not_a_device"),
    ]


def _findings(content: Content) -> Iterator[str]:
    language = content.language
    if content.bone_age is None:
        yield say(language, "bone_age_none")
    else:
        value = f"{content.bone_age} ({content.months})"
        value = say(language, "withdrawn_value", value=value) if content.withdrawn else value
        yield say(language, "label", label=say(language, "bone_age"), value=value)
    yield from content.told
    if content.refused is not None:
        yield say(language, "label", label=content.refused.title, value=content.refused.heading)
        yield from _lines(content, *content.refused.details)
    yield from _lines(content, *content.intervals, *content.results, *content.height)


def _lines(content: Content, *rows: Row) -> Iterator[str]:
    """Each row on a line, what qualifies it on lines below it."""
    for row in rows:
        yield say(content.language, "label", label=row.label, value=row.value)
        yield from (INDENT + note for note in row.notes)
