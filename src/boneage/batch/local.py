"""The processes of this machine: each reads one film after another, from its bytes to its row."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from signal import SIG_IGN, SIGINT, signal

from boneage.batch.ask import Ask
from boneage.batch.rows import Cell

AHEAD = 8  # films asked for a process, so that none waits for the slowest
_ask: Ask  # of this process, when it is a worker


def rows(names: Iterable[str], ask: Ask, *, workers: int) -> Iterator[dict[str, Cell]]:
    """A row a name, in order. A process that dies is replaced; a film that ends two of them gets a row that says so."""
    left, asked, pool = iter(names), deque[tuple[str, Future[dict[str, Cell]]]](), _pool(ask, workers)
    try:
        while True:
            while len(asked) < AHEAD * workers and (name := next(left, None)) is not None:
                asked.append((name, _ask_of(pool, name)))
            if not asked:
                return
            try:
                yield asked[0][1].result()
                asked.popleft()
            except BrokenProcessPool:
                pool.shutdown(wait=False, cancel_futures=True)
                yield _alone(asked.popleft()[0], ask)  # the first that has no answer may be the one that did it
                pool = _pool(ask, workers)
                asked = deque((name, old if _answered(old) else _ask_of(pool, name)) for name, old in asked)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _pool(ask: Ask, workers: int) -> ProcessPoolExecutor:
    """Spawned: a fork would take along threads' locks."""
    return ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=_start, initargs=(ask,))


def _start(ask: Ask) -> None:
    global _ask
    signal(SIGINT, SIG_IGN)  # the user's stop goes to the process that writes
    _ask = ask
    ask.start()


def _row(name: str) -> dict[str, Cell]:
    return _ask.row(name)


def _ask_of(pool: ProcessPoolExecutor, name: str) -> Future[dict[str, Cell]]:
    """A pool whose process died between two answers says so already here: it is told where the answer is waited for."""
    try:
        return pool.submit(_row, name)
    except BrokenProcessPool as error:
        broken = Future[dict[str, Cell]]()
        broken.set_exception(error)
        return broken


def _answered(future: Future[dict[str, Cell]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _alone(name: str, ask: Ask) -> dict[str, Cell]:
    """In a process of its own."""
    with _pool(ask, 1) as pool:
        try:
            return pool.submit(_row, name).result()
        except BrokenProcessPool:
            return ask.lost(name)
