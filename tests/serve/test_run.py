"""The service ends in order when it is told to: its parts first, and nobody is left behind."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

START = [sys.executable, "-c", "from boneage.cli import main; main()", "serve", "--settings"]


def children(process: int) -> set[int]:
    return {int(one) for task in Path(f"/proc/{process}/task").glob("*/children") for one in task.read_text().split()}


def gone(processes: set[int]) -> bool:
    for _ in range(600):
        if not any(Path(f"/proc/{one}").exists() for one in processes):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
@pytest.mark.parametrize(("how", "code"), [(signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)])
def test_no_worker_outlives_its_server(tmp_path: Path, how: signal.Signals, code: int) -> None:
    """Told at the worst moment, while the worker is still starting."""
    (tmp_path / "site.toml").write_text("folder = 'site'\n[web]\nport = 0\n")
    with subprocess.Popen([*START, str(tmp_path / "site.toml")], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "reading page" in process.stdout.readline()
        workers = children(process.pid)
        assert workers
        process.send_signal(how)
        assert process.wait(90) == code
    assert gone(workers)
