"""The drift between two scans of a film: hand-worked figures."""

from __future__ import annotations

from pathlib import Path

import pytest

from boneage.dataset import Film, Part
from boneage.errors import BoneAgeError
from boneage.evaluate.scan_drift import ScanPair, ask_scans, drift_of
from boneage.systems import REFERENCE
from boneage.types import Sex


def test_figures_of_four_films() -> None:
    pairs = [ScanPair(Film(k, Sex.MALE, 100.0), 102.0, 102.0 + drift) for k, drift in enumerate((-1.0, 0.0, 3.0, 14.0))]
    row = drift_of(pairs, system="a", part=Part.SELECT, refused=1)
    assert (row.films, row.refused, row.split) == (4, 1, "select")
    assert row.median_absolute == pytest.approx(2)
    assert row.mean_drift == pytest.approx(4)
    assert (row.over_6, row.over_12) == (0.25, 0.25)
    assert (row.mae_299, row.mae_half) == (pytest.approx(2), pytest.approx((1 + 2 + 5 + 16) / 4))


def test_a_folder_without_half_size_films_is_told(tmp_path: Path) -> None:
    (tmp_path / "boneage-training-dataset.csv").write_text("id,boneage,male\n1377,100,True\n")
    with pytest.raises(BoneAgeError, match="at half size"):
        ask_scans(REFERENCE, tmp_path, Part.SELECT)


def test_the_reference_reads_the_same_film_alike_at_both_sizes(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On twelve select films; `boneage measure scan-drift` measures all."""
    from boneage import dataset

    part = {film.id for film in dataset.read_films(data) if film.part is Part.SELECT}
    there = sorted(part & (dataset.scanned(data, dataset.Scan.HALF) or set()))[:12]
    monkeypatch.setattr(dataset, "scanned", lambda folder, scan: set(there))
    pairs, refused = ask_scans(REFERENCE, data, Part.SELECT)
    row = drift_of(pairs, system=REFERENCE.name, part=Part.SELECT, refused=refused)
    assert (row.films, row.refused) == (12, 0)
    assert row.median_absolute <= 1.0
