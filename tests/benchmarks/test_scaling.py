"""The scaling benchmark: windows tell whether the cost is even, medians tell the throughput, the plots are drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("benchmarks/ is not here: run in the source tree", allow_module_level=True)
pytest.importorskip("matplotlib", reason="needs matplotlib: make test EXTRAS=train")
sys.path.insert(0, str(BENCHMARKS))

import scaling  # noqa: E402
from watched import Sample  # noqa: E402


def run(seconds_after: float) -> list[Sample]:
    """A film a tenth of a second for the first 60,500, then as said."""
    samples, at = [Sample(0, 0, 0, 70, 200, 220)], 5.0
    for rows in range(500, 100_001, 500):
        at += 500 * (0.1 if rows <= 60_500 else seconds_after)
        samples.append(Sample(0, at, rows, 70 + rows / 10_000, 200, 220))
    return samples


def test_an_even_run_is_even_in_all_five_windows() -> None:
    cut = scaling.windows(run(0.1), 1_000, 100_000)
    assert [(row["from_films"], row["to_films"]) for row in cut[:2]] == [(1_000, 20_800), (20_800, 40_600)]
    assert cut[-1]["to_films"] == 100_000
    assert all(row["of_median"] == pytest.approx(1) for row in cut)
    assert all(row["films_a_second"] == pytest.approx(10) for row in cut)
    assert cut[-1]["main_mib"] == pytest.approx(80)


def test_a_run_that_slows_down_shows_it_in_its_windows() -> None:
    cut = scaling.windows(run(0.13), 1_000, 100_000)
    assert [row["of_median"] for row in cut] == pytest.approx([1, 1, 1, 1.3, 1.3], abs=0.005)


def test_throughput_is_the_median_of_the_turns_beside_one_process() -> None:
    rows = scaling.workers_rows({1: [(12, 0.1), (10, 0.2), (11, 0.1)], 2: [(6, 0.05), (5.5, 0.05), (5, 0.3)]}, 100)
    assert rows[1]["films_a_second"] == pytest.approx(100 / 5.5)
    assert rows[1]["times_one"] == pytest.approx(2)
    assert rows[1]["steady_times_one"] == pytest.approx(2)
    assert (rows[0]["times_one"], rows[0]["steady_times_one"]) == (1, 1)


@pytest.mark.parametrize("megapixels", scaling.MEGAPIXELS)
def test_sizes_have_their_pixels_and_proportions(megapixels: float) -> None:
    height, width = scaling.size_of(megapixels)
    assert height * width == pytest.approx(megapixels * 1e6, rel=2e-3)
    assert height / width == pytest.approx(4 / 3, rel=2e-3)


def test_films_are_drawn_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(scaling, "ProcessPoolExecutor", lambda **_: pytest.fail("drawn again"))
    for number in range(2):
        path = tmp_path / f"48x36-{number:03d}.dcm"
        path.touch()
        asked.append(path)
    assert scaling.drawn(tmp_path, 2, (48, 36)) == asked


def test_all_three_plots_are_drawn(tmp_path: Path) -> None:
    samples = run(0.1)
    rows = [{"films": films, "seconds": films / 10} for films in (10, 1_000, 100_000)]
    scaling.plot_films(tmp_path / "films.svg", rows, scaling.windows(samples, 1_000, 100_000), samples)
    size = {"megapixels": 3.0, "ms_a_film": 50.0, "decoding_and_resizing_ms": 20.0, "worker_peak_mib": 220.0}
    scaling.plot_size(tmp_path / "size.svg", [size, {**size, "megapixels": 20.0}])
    scaling.plot_workers(tmp_path / "workers.svg", scaling.workers_rows({1: [(12, 0.1)], 2: [(6, 0.05)]}, 100))
    assert {path.name for path in tmp_path.iterdir()} == {"films.svg", "size.svg", "workers.svg"}
