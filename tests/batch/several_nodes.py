"""A cluster of three node processes on this machine, one of which is killed while it reads: the rows as JSON lines.

python several_nodes.py FILM ...
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import ray
from ray.cluster_utils import Cluster

from boneage.batch import cluster
from boneage.batch.ask import Ask
from boneage.systems import REFERENCE

STORE = 80 * 2**20


def alive_nodes() -> int:
    """How many nodes the cluster counts, once it has noticed the killed one: its health checks take seconds."""
    deadline = time.monotonic() + 90
    while (alive := sum(one["Alive"] for one in ray.nodes())) > 2 and time.monotonic() < deadline:
        time.sleep(0.2)
    return alive


def main() -> None:
    several = Cluster(
        initialize_head=True, head_node_args={"num_cpus": 0, "object_store_memory": STORE, "include_dashboard": False}
    )
    nodes = [several.add_node(num_cpus=1, object_store_memory=STORE) for _ in range(2)]
    several.wait_for_nodes()
    ray.init(address=several.address, log_to_driver=False)
    with Path(sys.argv[1]).open("w") as out:  # Ray talks on stdout
        for number, row in enumerate(cluster.rows(sys.argv[2:], Ask(REFERENCE.name, None), workers=None)):
            if number == 3:
                several.remove_node(nodes.pop(), allow_graceful=False)
            out.write(json.dumps(row) + "\n")
        out.write(json.dumps({"nodes": alive_nodes()}) + "\n")
    ray.shutdown()
    several.shutdown()


if __name__ == "__main__":
    main()
