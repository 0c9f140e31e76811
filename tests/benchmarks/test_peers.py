"""The peers' costs: multiplications counted as by hand, the reference and its rivals in one run."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
if not BENCHMARKS.is_dir():
    pytest.skip("benchmarks/ is not here: run in the source tree", allow_module_level=True)
torch = pytest.importorskip("torch", reason="needs torch: make test EXTRAS=train")
sys.path.insert(0, str(BENCHMARKS))

import peers  # noqa: E402

from boneage import Sex  # noqa: E402
from boneage.phantom import Phantom, write_dicom  # noqa: E402


def test_a_transposed_convolution_counts_each_number_that_comes_out_once_a_channel() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 3, padding=1), torch.nn.ConvTranspose2d(3, 5, 2, stride=2))
    assert peers.counted(network, torch.zeros(1, 1, 4, 4)) == (3 * 9 + 3 + 3 * 5 * 4 + 5, 3 * 16 * 9 + 5 * 64 * 3)


def test_jobs_take_turns_and_the_first_round_only_warms_up() -> None:
    done = list[str]()
    jobs = {("a", "networks"): lambda: done.append("a"), ("b", "networks"): lambda: done.append("b")}
    assert set(peers.taking_turns(jobs, 2)) == set(jobs)
    assert done == ["a", "b"] * 3


def test_every_way_has_its_row_and_ours_is_one(girl: Phantom, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With one small peer: the others differ in size alone."""
    if importlib.util.find_spec("timm") is None:  # importing it may need torchvision mended first
        pytest.skip("needs timm: make test EXTRAS=train")
    monkeypatch.setattr(peers, "PEERS", {"small": peers.Peer(("mobilenetv3_small_050",) * 2, 64, masked=True)})
    monkeypatch.setattr(peers, "memory_of", lambda *_: 1.0)
    rows = {row["way"]: row for row in peers.rows_of(write_dicom(girl, tmp_path / "a.dcm"), Sex.FEMALE, 1)}
    assert list(rows) == [peers.OURS, peers.OUR_NETWORK, "small", peers.TORCH]
    assert rows[peers.OURS]["networks_times_ours"] == rows[peers.OURS]["film_times_ours"] == 1
    assert rows[peers.OUR_NETWORK]["film_seconds"] is None
    assert rows["small"]["parameters"] > 0
    assert rows[peers.OURS]["multiply_adds"] > rows[peers.OUR_NETWORK]["multiply_adds"] > 1e8
