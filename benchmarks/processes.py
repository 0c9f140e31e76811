"""What processes use, read where Linux tells it: memory, processor time, children."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def processes(parent: int) -> list[int]:
    """It and its children."""
    children = Path(f"/proc/{parent}/task/{parent}/children")
    found = [int(one) for task in children.parent.parent.glob("*/children") for one in task.read_text().split()]
    return [parent, *(one for child in found for one in processes(child))]


def processor_seconds(parent: int) -> float:
    """What they have used so far."""
    ticks = 0
    for process in processes(parent):
        ticks += sum(map(int, Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[11:13]))
    return ticks / TICKS


def memory_mib(parent: int) -> list[float]:
    """Of each process, the largest first."""
    return sorted(map(resident_mib, processes(parent)), reverse=True)


def resident_mib(process: int) -> float:
    """Memory that is its own or shared, now."""
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def highest_mib(process: int) -> float:
    """The most that it had so far; 0 of one that has ended."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def peak_mib(command: Sequence[str]) -> float:
    """Memory of a command, asked by a small process: a child's peak is at least that of the process that started it."""
    ask = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )
    done = subprocess.run([sys.executable, "-c", ask, *command], check=True, capture_output=True, text=True)
    return int(done.stdout) / 1024
