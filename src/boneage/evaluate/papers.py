"""What the published systems' papers report of them, to stand beside what is measured here. Other films, other truths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

# the figures that a paper may give, in the units of comparison.Errors and as the printed table heads them
FIGURES = {
    "films": "films",
    "mae": "MAE",
    "rmse": "RMSE",
    "mape": "MAPE, %",
    "r2": "R2, %",
    "msle": "MSLE",
    "within_12": "within 12 months, %",
    "within_24": "within 24 months, %",
    "same_class": "correct class, %",
    "within_1_class": "within 1 class, %",
    "within_2_classes": "within 2 classes, %",
}


@dataclass(frozen=True)
class Paper:
    """One line of results as published: months and percent; F girls, M boys where the paper parts them."""

    films_of: str  # short: which films, of which model
    source: str
    figures: Mapping[str, str]  # by the names of FIGURES
    from_5_years: bool = False  # its films begin at 5 years

    def __str__(self) -> str:
        values = ", ".join(f"{FIGURES[name]} {value}".replace("\n", " ") for name, value in self.figures.items())
        return f"{self.films_of}: {values} ({self.source})"


def _paper(films_of: str, source: str, *, from_5_years: bool = False, **figures: str) -> Paper:
    return Paper(films_of, source, MappingProxyType(figures), from_5_years)


PAPERS: Mapping[str, tuple[Paper, ...]] = MappingProxyType(
    {
        "iglovikov-2018": (
            _paper("RSNA test, all models", "Iglovikov 2018, section 6", films="200", mae="4.97"),
            _paper("own validation, all", "Iglovikov 2018, figure 8", films="1000", mae="6.10"),
            _paper("classification alone", "Iglovikov 2018, figure 8", mae="6.39 F\n6.16 M"),
        ),
        "lee-2017": (
            _paper(
                "own hospital, M3",  # what is trained here; the text gives it as a gain over M1, and nothing else of it
                'Lee 2017, "Test Accuracy": M1\'s 39.06 and 40.60 % times 1.3385 and 1.3483',
                from_5_years=True,
                same_class="52.3 F\n54.7 M",
            ),
            _paper(
                "own hospital, M4",  # starts from ImageNet, as M3 does not
                "Lee 2017, figure 9 and abstract; RMSE of 0.93 and 0.82 years",
                from_5_years=True,
                rmse="11.2 F\n9.8 M",
                same_class="57.3 F\n61.4 M",
                within_1_class="90.4 F\n94.2 M",
                within_2_classes="98.1 F\n99.0 M",
            ),
        ),
        "ren-2018": (_paper("RSNA, own split, S5", "Ren 2018, table III", films="1248", mae="5.2"),),
        "resnet50-gelu": (
            _paper(
                "RSNA test",
                "ResNet-50 and Inception-V4 study, table I",
                films="200",
                rmse="17.85",
                mape="12.20",
                r2="81.08",
                msle="0.0236",
            ),
        ),
        "inception-v4-gelu": (
            _paper(
                "RSNA test",
                "ResNet-50 and Inception-V4 study, table I",
                films="200",
                rmse="15.09",
                mape="9.83",
                r2="86.34",
                msle="0.0209",
            ),
        ),
    }
)


def is_of(name: str, published: str) -> bool:
    """Whether a system is that published one: the same name, or a dated one of it."""
    return name == published or name.startswith(f"{published}-2")


def papers_of(name: str) -> tuple[Paper, ...]:
    """The paper's own figures of a system, dated or not; none for what no paper describes."""
    return next((lines for published, lines in PAPERS.items() if is_of(name, published)), ())
