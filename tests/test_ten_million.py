"""The plan for ten million films: its figures follow the tables, and what is not measured is said."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

ten_million = pytest.importorskip("ten_million", reason="tools/ is not here: run in the source tree")
ROOT = Path(__file__).parents[1]
HEAD = "workers,films,wall_seconds,films_a_second,times_one,film_height,film_width,system,date"


def folder_csv(folder: Path, *, rate: float, workers: int = 2) -> Path:
    lines = [HEAD, "1,600,1,1,1,2000,1500,reference,2026-11-22", f"{workers},600,1,{rate},1,2000,1500,reference,2026-11-22"]
    (folder / "folder.csv").write_text("\n".join(lines) + "\n")
    return folder


def scaling_csv(folder: Path, *, mib: tuple[float, float], seconds: tuple[float, float]) -> None:
    rows = [f"{films},{wait},{main},{400 * films}" for films, wait, main in zip((1_000, 101_000), seconds, mib, strict=True)]
    (folder / "scaling-films.csv").write_text(
        "\n".join(["films,first_row_seconds,main_mib,table_bytes", "10,9,9,9", *rows]) + "\n"
    )


def test_a_hand_worked_load(tmp_path: Path) -> None:
    """Two processors read 20 a second: a tenth of a second each, 10,000,000 films 277.8 hours, 12 processors for a day."""
    (form,) = ten_million.forms(folder_csv(tmp_path, rate=20), ten_million.Assumed())
    load = ten_million.Load(form, 24.0, 10_000_000, ten_million.Assumed(core_hour=0.1))
    assert form.core_seconds == pytest.approx(0.1)
    assert form.megabytes == pytest.approx(6)
    assert load.core_hours == pytest.approx(277.78, abs=0.01)
    assert (load.cores, load.machines) == (12, 1)
    assert load.dollars == pytest.approx(27.78, abs=0.01)
    assert load.terabytes == pytest.approx(60)
    assert load.gbit_a_second == pytest.approx(10_000_000 * 6e6 * 8 / 86400 / 1e9)


def test_twice_the_rate_is_half_the_hours_and_the_same_bytes(tmp_path: Path) -> None:
    loads = []
    for rate in (10, 20):
        (form,) = ten_million.forms(folder_csv(tmp_path, rate=rate), ten_million.Assumed())
        loads.append(ten_million.Load(form, 24.0, 10_000_000, ten_million.Assumed()))
    assert loads[0].core_hours == pytest.approx(2 * loads[1].core_hours)
    assert loads[0].terabytes == loads[1].terabytes


def test_a_thin_link_asks_for_more_machines_than_the_processors_do() -> None:
    form = ten_million.Form("a", core_seconds=0.01, megabytes=20)
    wide, thin = (ten_million.Load(form, 24.0, 10_000_000, ten_million.Assumed(link_gbit=gbit)) for gbit in (100.0, 1.0))
    assert wide.machines == 1
    assert thin.machines == 19  # 18.5 Gbit/s


def test_the_run_that_was_timed_without_its_start_is_preferred(tmp_path: Path) -> None:
    folder_csv(tmp_path, rate=20)
    rows = ["workers,steady_a_second,film_height,film_width,date", "1,15,2000,1500,x", "2,25,2000,1500,x"]
    (tmp_path / "scaling-workers.csv").write_text("\n".join(rows) + "\n")
    assert ten_million.film_seconds(tmp_path)[0] == pytest.approx(0.08)


def test_what_a_film_adds_comes_from_the_runs_of_a_thousand_and_more(tmp_path: Path) -> None:
    scaling_csv(tmp_path, mib=(70, 90), seconds=(2, 12))
    runs = ten_million.table(tmp_path, "scaling-films.csv")
    assert ten_million.slope(runs, "main_mib") == pytest.approx(20 / 100_000)
    assert ten_million.slope(runs[:2], "main_mib") is None


def test_what_is_not_measured_is_said_and_filled_in_once_it_is(tmp_path: Path) -> None:
    before = ten_million.page(folder_csv(tmp_path, rate=20))
    assert before.count("not measured yet") == 4
    scaling_csv(tmp_path, mib=(70, 90), seconds=(2, 12))
    after = ten_million.page(tmp_path)
    assert after.count("not measured yet") == 1  # refusals.csv
    assert "17 minutes" in after  # a ten-thousandth of a second for each name
    assert "2 GiB more" in after
    assert "4 GB" in after


def test_without_any_measured_rate_there_is_no_plan(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"folder\.py"):
        ten_million.page(tmp_path)


def test_every_assumption_has_its_line_and_moves_the_page(tmp_path: Path) -> None:
    folder_csv(tmp_path, rate=20)
    if (ROOT / "results" / "one-film.csv").is_file():
        shutil.copyfile(ROOT / "results" / "one-film.csv", tmp_path / "one-film.csv")
    assumed = ten_million.Assumed()
    text = ten_million.page(tmp_path, assumed)
    for name, value, meaning in ten_million.assumptions(assumed):
        assert f"| `{name}` | {ten_million.count(value)} | {meaning} |" in text
        if name != "date":
            other = ten_million.page(tmp_path, replace(assumed, **{name: value * 3}))
            assert other.split("## Assumed")[0] != text.split("## Assumed")[0], name


@pytest.mark.skipif(not (ROOT / "results" / "folder.csv").is_file(), reason="results/ is not here: run in the source tree")
def test_the_page_of_the_repository_is_whole() -> None:
    text = ten_million.page()
    assert not re.search(r"nan|inf\b|None|[{}]", text)
    for name in re.findall(r"python (benchmarks/\w+\.py)", text):
        assert (ROOT / name).is_file()
    for table in re.findall(r"^\|.*\n(?:\|.*\n)+", text, re.MULTILINE):
        assert len({line.count(" | ") for line in table.splitlines()}) == 1
