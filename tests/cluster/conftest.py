"""A cluster of two nodes on this machine, one core each."""

import os
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from tests.needed import lacking

STORE_BYTES = 100 * 10**6


@pytest.fixture(scope="session")
def ray() -> Any:
    """Ray, not started."""
    if find_spec("ray") is None:
        lacking("Ray is not installed")
    from adequate.cluster.connection import ray_package

    return ray_package()


@pytest.fixture(scope="module")
def two_nodes(ray: Any) -> Iterator[Any]:
    """This process is connected to them; a module's last test may remove the second."""
    from ray.cluster_utils import Cluster

    os.environ.setdefault("RAY_worker_niceness", "0")  # as nice as this process: other tests run beside it
    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES, include_dashboard=False)
        cluster.wait_for_nodes()
        ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
        yield cluster
    finally:
        ray.shutdown()
        cluster.shutdown()
