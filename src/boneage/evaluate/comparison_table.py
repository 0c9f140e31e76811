"""The comparison of all systems as a person reads it, in four parts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rich.box import SIMPLE_HEAD
from rich.table import Table

from boneage.evaluate.answered import Answered
from boneage.evaluate.bands import BANDS
from boneage.evaluate.comparison import SCOPES, Errors, GroupError, Standing
from boneage.evaluate.paired import common_films
from boneage.evaluate.papers import FIGURES, papers_of
from boneage.evaluate.parameters import Size
from boneage.evaluate.tables import Group
from boneage.systems import SYSTEMS
from boneage.types import Sex

WIDTH = 120  # columns that no part exceeds
NOT_MEASURED = "not measured"
LAST_SHOWN = 0.0001  # a smaller p is shown as below this


@dataclass(frozen=True)
class SystemTable:
    """Everything that is shown: the systems in their order, and what is known of each by name."""

    systems: tuple[str, ...]
    reference: str
    split: str
    answered: tuple[Answered, ...]
    standings: tuple[Standing, ...]
    group_errors: tuple[GroupError, ...]
    sizes: Mapping[str, Size] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)  # a film

    @property
    def not_measured(self) -> tuple[str, ...]:
        measured = {one.system for one in self.answered}
        return tuple(name for name in self.systems if name not in measured)

    @property
    def split_hash(self) -> str:
        return self.answered[0].split_hash if self.answered else ""

    def command(self, system: str) -> str:
        """What makes a system's predictions, or those of a recipe's network alone."""
        recipe = Path("recipes", f"{system}.toml")
        what = recipe if system not in SYSTEMS and recipe.is_file() else system
        return f"boneage evaluate {what} --data DIR --split {self.split}"


def render(table: SystemTable) -> tuple[Table | str, ...]:
    """Errors beside the papers', MAE by sex and band, paired tests or why there are none, and the networks' sizes and times."""
    return _errors(table), _groups(table), _paired(table), _sizes(table)


def _errors(table: SystemTable) -> Table:
    rendered = _table(f"Systems on the {table.split} part, split {table.split_hash}; each on the films that it answered")
    rendered.padding = (0, 0)  # thirteen columns: one space between them
    rendered.caption = (
        "Months; 95 % bootstrap limits in parentheses. Indented: what the paper reports, on its own films and truth "
        "(F girls, M boys). Refused: films without an answer, which count in no figure. \u2264 12, \u2264 24: share of films "
        "with an error of at most so many months. Class: share of films whose year class (years floored, 5 to 18, 18 and over "
        "is 18) is correct, at most 1 and at most 2 classes off; from 5 years of true age on, by the predicted months. R2 falls "
        "with the spread of the films' ages, so it cannot be set against another set's."
    )
    if table.not_measured:
        rendered.caption += "".join(f"\n{NOT_MEASURED}: {table.command(name)}" for name in table.not_measured)
    rendered.add_column("", no_wrap=True)
    for heading in ("films", "refused", "MAE", "RMSE", "MAPE\n%", "R2\n%", "MSLE", "\u2264 12\n%", "\u2264 24\n%"):
        rendered.add_column(heading, justify="right", no_wrap=True)
    for heading in ("class\n%", "\u2264 1\n%", "\u2264 2\n%"):
        rendered.add_column(heading, justify="right", no_wrap=True)
    for scope in SCOPES:
        rendered.add_section()
        rendered.add_row(f"[bold]{_scope_name(scope)}[/]")
        own = {standing.system: standing.errors for standing in table.standings if standing.scope == scope}
        for name in table.systems:
            rendered.add_row(name, *(_error_cells(own[name]) if name in own else ["", "", NOT_MEASURED]))
            for paper in papers_of(name):
                if paper.from_5_years is (scope.band is not None):
                    cells = {**dict.fromkeys(FIGURES, ""), **paper.figures}
                    rendered.add_row(f"  {paper.films_of}", cells.pop("films"), "", *cells.values(), style="dim")
    return rendered


def _groups(table: SystemTable) -> Table:
    rendered = _table("MAE by sex and by band of true age, each system on the films that it answered")
    rendered.caption = (
        "Months. Films: answered by the system that answered the most. Sex and band together, and limits: in the CSV."
    )
    rendered.add_column("", no_wrap=True)
    wanted = [*(Group(sex) for sex in Sex), *(Group(band=band) for band in BANDS)]
    for group in wanted:
        rendered.add_column(_group_name(group), justify="right", no_wrap=True)
    found = {(one.system, one.group): one for one in table.group_errors}
    systems = [name for name in table.systems if name not in table.not_measured]
    most = [max((found[name, group].films for name in systems), default=0) for group in wanted]
    rendered.add_row("films", *map(str, most), end_section=True)
    for name in systems:
        rendered.add_row(name, *(_number(found[name, group].mae_months, 2) for group in wanted))
    return rendered


def _paired(table: SystemTable) -> Table | str:
    shared = common_films(table.answered)
    if not any(standing.paired for standing in table.standings):
        measured = ", ".join(one.system for one in table.answered) or "none"
        return f"No paired tests: they set others against {table.reference} on films that all answered. Measured: {measured}."
    asked = len(table.answered[0].asked) if table.answered else 0
    rendered = _table(
        f"Against {table.reference}, on the {len(shared)} of {asked} films that all {len(table.answered)} systems answered"
    )
    rendered.caption = (
        "Difference: MAE of the system minus that of the reference, below 0 where the system is better. Both tests are on the "
        "films' absolute errors, two-sided; Holm: after the correction for all systems of that section."
    )
    rendered.add_column("", no_wrap=True)
    for heading in ("films", "MAE", "reference", "difference", "Wilcoxon\np", "\nHolm", "paired\nt-test p", "\nHolm"):
        rendered.add_column(heading, justify="right", no_wrap=True)
    for scope in SCOPES:
        rendered.add_section()
        rendered.add_row(f"[bold]{_scope_name(scope)}[/]")
        for standing in table.standings:
            if standing.scope == scope and standing.paired is not None:
                rendered.add_row(standing.system, *_paired_cells(standing))
    return rendered


def _sizes(table: SystemTable) -> Table:
    rendered = _table("The networks")
    rendered.caption = (
        "Networks that read the age, of both sexes where each has its own; their parameters in millions and files in MB (10^6 "
        "bytes), and beside them the files of the networks that prepare the film. Seconds a film: median, in one process, taking "
        "turns (--time FILE)."
    )
    rendered.add_column("", no_wrap=True)
    for heading in (
        "networks",
        "parameters",
        "MB",
        "to prepare\nMB",
        "input",
        "epochs",
        "seconds\na film",
        "times the\nreference",
    ):
        rendered.add_column(heading, justify="right", no_wrap=True)
    for name in table.systems:
        rendered.add_row(name, *_size_cells(table.sizes.get(name)), *_time_cells(table, name))
    return rendered


def _table(title: str) -> Table:
    rendered = Table(title=title, title_justify="left", caption_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    rendered.padding = (0, 1, 0, 0)
    return rendered


def _error_cells(errors: Errors) -> list[str]:
    limits = "" if errors.mae_low_months is None else f" ({errors.mae_low_months:.1f}-{errors.mae_high_months:.1f})"
    shares = (errors.within_12_months, errors.within_24_months, errors.same_class, errors.within_1_class, errors.within_2_classes)
    return [
        str(errors.films),
        str(errors.refused),
        _number(errors.mae_months, 2) + limits,
        _number(errors.rmse_months, 2),
        _number(errors.mape_percent, 2),
        _percent(errors.r2, 1),
        _number(errors.msle, 4),
        *(_percent(share, 1) for share in shares),
    ]


def _paired_cells(standing: Standing) -> Iterator[str]:
    paired = standing.paired
    assert paired is not None
    yield str(paired.common_films)
    yield _number(paired.common_mae_months, 2)
    yield _number(paired.reference_mae_months, 2)
    yield f"{paired.difference_months:+.2f} ({paired.difference_low_months:+.2f} to {paired.difference_high_months:+.2f})"
    for p in (paired.wilcoxon_p, paired.wilcoxon_p_holm, paired.t_test_p, paired.t_test_p_holm):
        yield f"{p:.4f}" if p >= LAST_SHOWN else f"<{LAST_SHOWN}"


def _size_cells(size: Size | None) -> Sequence[str]:
    if size is None:
        return ["-"] * 6
    megabytes = (f"{size.onnx_mb:.1f}", f"{size.prepare_mb:.1f}")
    return [str(size.networks), f"{size.parameters / 1e6:.2f} M", *megabytes, size.input_px, size.epochs]


def _time_cells(table: SystemTable, name: str) -> tuple[str, str]:
    own, reference = table.seconds.get(name), table.seconds.get(table.reference)
    ratio = own / reference if own and reference else None
    return _number(own, 2), _number(ratio, 1)


def _scope_name(scope: Group) -> str:
    return "all films" if scope.band is None else f"{scope.band.low:g} months and more"


def _group_name(group: Group) -> str:
    return group.sex.value if group.sex else str(group.band)


def _number(value: float | None, places: int) -> str:
    return "-" if value is None else f"{value:.{places}f}"


def _percent(share: float | None, places: int) -> str:
    return "-" if share is None else f"{100 * share:.{places}f}"
