"""The films that a site's table names: found in its folder by file name or accession number, each with its readings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from boneage.errors import BoneAgeError
from boneage.evaluate.site.readings import Line, Problem
from boneage.read.dataset import parse
from boneage.read.folder import find_files
from boneage.read.header import Header, read_header, scanner_of
from boneage.read.quiet import quiet
from boneage.read.sniff import Format, sniff
from boneage.read.source import load
from boneage.read.tags import Tags
from boneage.types import Sex

NO_HEADER, NOT_TOLD = "no header", "not told"  # in place of a scanner


@dataclass(frozen=True)
class Case:
    """One film with the readings of all its readers."""

    path: Path = field(repr=False)
    lines: tuple[Line, ...]  # none has a problem
    sex: Sex | None  # the header's, else the table's
    sex_differs: bool  # the table says another one than the header
    scanner: str
    child: str = field(repr=False)  # the header's patient; "": not told. Never written

    @property
    def file(self) -> str:
        """As the table names it; "": it names an accession number."""
        return self.lines[0].file

    @property
    def reference_months(self) -> float:
        """The mean of the readers."""
        return sum(line.months or 0.0 for line in self.lines) / len(self.lines)


def find_cases(lines: Sequence[Line], folder: Path) -> tuple[tuple[Case, ...], tuple[Line, ...]]:
    """The films in the order of their first rows, and the rows that cannot be used, with why.

    Raises BoneAgeError for a folder without films.
    """
    paths = _films_in(folder)
    found = _assign(lines, _by_name(paths, folder), _by_accession(paths) if any(line.accession for line in lines) else {})
    problems = [line for line in lines if line.problem] + [one for one in found if isinstance(one, Line)]
    groups = defaultdict[Path, list[Line]](list)
    for one in found:
        if not isinstance(one, Line):
            groups[one[0]].append(one[1])
    cases = list[Case]()
    for path, same in groups.items():
        good, bad = _of_one_film(same)
        problems += bad
        cases.append(_case(path, good))
    return tuple(cases), tuple(sorted(problems, key=lambda line: line.row))


def _films_in(folder: Path) -> list[Path]:
    found = find_files([folder])
    if len(found) == 1 and found[0].error is not None:
        raise found[0].error
    return [one.path for one in found if one.error is None]


def _by_name(paths: Iterable[Path], folder: Path) -> Mapping[str, set[Path]]:
    """By path from the folder, by name, and by name without its ending: upper and lower case alike."""
    named = defaultdict[str, set[Path]](set)
    for path in paths:
        inside = path.relative_to(folder) if path.is_relative_to(folder) else path
        for name in (inside.as_posix(), path.name, path.stem):
            named[name.casefold()].add(path)
    return named


def _by_accession(paths: Iterable[Path]) -> Mapping[str, set[Path]]:
    found = defaultdict[str, set[Path]](set)
    for path in paths:
        header = _header(path)
        if header is not None and (number := header[0].identity.accession_number):
            found[number].add(path)
    return found


def _assign(
    lines: Iterable[Line], by_name: Mapping[str, set[Path]], by_accession: Mapping[str, set[Path]]
) -> list[tuple[Path, Line] | Line]:
    """Each good row with its film, or with its problem."""
    found = list[tuple[Path, Line] | Line]()
    for line in lines:
        if line.problem is not None:
            continue
        name = line.file.replace("\\", "/").removeprefix("./").casefold()
        paths = by_name.get(name, set()) if line.file else by_accession.get(line.accession, set())
        if len(paths) == 1:
            found.append((next(iter(paths)), line))
        else:
            found.append(replace(line, problem=Problem.MANY_FILMS if paths else Problem.NO_FILM))
    return found


def _of_one_film(lines: Iterable[Line]) -> tuple[tuple[Line, ...], list[Line]]:
    """The rows that agree with the first ones, and the others."""
    good, bad, sex = dict[str, Line](), list[Line](), None
    for line in lines:
        if line.reader in good:
            bad.append(replace(line, problem=Problem.TWICE))
        elif line.sex is not None and sex is not None and line.sex is not sex:
            bad.append(replace(line, problem=Problem.SEXES))
        else:
            good[line.reader], sex = line, sex or line.sex
    return tuple(good.values()), bad


def _case(path: Path, lines: tuple[Line, ...]) -> Case:
    given = next((line.sex for line in lines if line.sex is not None), None)
    header = _header(path)
    if header is None:
        return Case(path, lines, given, sex_differs=False, scanner=NO_HEADER, child="")
    told, scanner = header
    differs = given is not None and told.sex is not None and given is not told.sex
    child = "\0".join((told.identity.id_issuer, told.identity.patient_id)) if told.identity.patient_id else ""
    return Case(path, lines, told.sex or given, differs, scanner or NOT_TOLD, child)


def _header(path: Path) -> tuple[Header, str] | None:
    """What a DICOM film's header says, and its scanner; None: it has none, or none that can be read (reading it tells why)."""
    try:
        data = load(path)
        if sniff(data) is not Format.DICOM:
            return None
        with quiet():
            dataset, _ = parse(data)
            return read_header(Tags(dataset)), _shown(scanner_of(Tags(dataset)))
    except BoneAgeError:
        return None


def _shown(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())[:64]
