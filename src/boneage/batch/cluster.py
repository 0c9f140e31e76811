"""A Ray cluster: Ray Data streams the names through actors, one a processor, each with its networks loaded."""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

from boneage.batch import local
from boneage.batch.ask import Ask
from boneage.batch.parts import schema
from boneage.batch.rows import Cell, columns
from boneage.extras import load

FILMS = 8  # of a task: what is read again when its worker dies
RETRIES = 3  # of a task whose worker dies
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_BACKEND_LOG_LEVEL": "fatal"}  # nothing is told to Ray's makers
STORE_BYTES = 128 * 2**20  # of a cluster that is started here: rows are small


class Reader:
    """An actor."""

    def __init__(self, ask: Ask) -> None:
        self._ask, self._schema = ask, schema(columns(both=ask.both))
        ask.start()

    def __call__(self, batch: dict[str, Any]) -> Any:
        rows = [self._ask.row(str(name)) for name in batch["file"]]
        return load("pyarrow", "batch").Table.from_pylist(rows, schema=self._schema)


def rows(names: Sequence[str], ask: Ask, *, workers: int | None) -> Iterator[dict[str, Cell]]:
    """A row a name, in order; workers: at most, else the cluster's processors.

    A task whose worker or machine dies is given to another. Where that does not help, its films are read here, in a process
    of their own; one that ends that process too gets a row that says so.
    """
    ray = _connected()
    at_most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
    left = list(names)
    while left:
        read = 0
        try:
            for row in _stream(left, ask, at_most):
                yield row
                read += 1
        except ray.exceptions.RayError:
            yield from local.rows(left[read : read + FILMS], ask, workers=1)
            left = left[read + FILMS :]
        else:
            return


def _stream(names: Sequence[str], ask: Ask, workers: int) -> Iterator[dict[str, Cell]]:
    data = load("ray.data", "batch")
    films = data.from_items([{"file": name} for name in names], override_num_blocks=-(-len(names) // FILMS))
    with warnings.catch_warnings(action="ignore"):  # the retries will get names of their own in Ray 2.64
        answers = films.map_batches(
            Reader,
            fn_constructor_args=(ask,),
            batch_size=None,  # a block a task
            compute=data.ActorPoolStrategy(min_size=1, max_size=min(workers, -(-len(names) // FILMS))),
            num_cpus=1,
            ray_remote_args_fn=lambda: {"max_restarts": -1, "max_task_retries": RETRIES},
        )
    yield from answers.iter_rows()


def _connected() -> Any:
    """The cluster that RAY_ADDRESS names, else one of this machine alone, for this run."""
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)
    ray = load("ray", "batch")
    if not ray.is_initialized():
        own = {} if "RAY_ADDRESS" in os.environ else {"include_dashboard": False, "object_store_memory": STORE_BYTES}
        ray.init(log_to_driver=False, logging_level=logging.ERROR, **own)
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    context = load("ray.data", "batch").DataContext.get_current()
    context.execution_options.preserve_order = True
    context.enable_progress_bars = False
    return ray
