"""A cluster to compute on: one that is there, or processes started here."""

import logging
import os
import socket
from typing import Any

OBJECT_STORE_BYTES = 200 * 10**6
"""Shared memory of a cluster started here; what does not fit goes to the disk."""

CONNECT_SECONDS = 5.0
"""How long a machine may take to answer at all (our choice)."""


def connected(address: str | None, cores: int | None) -> bool:
    """Connects to the cluster at ``address`` ("auto": one on this machine), None: starts one here of so many cores.

    Where this process is connected already, it stays so and nothing is done. True if it is connected by this call.

    Raises:
        FileNotFoundError: Ray is not installed.
        ConnectionError: there is no such cluster.
    """
    ray = ray_package()
    if ray.is_initialized():
        return False
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    # Ray's own default from its next major version on; without it a warning.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.ERROR}
    if address is None:
        # Ray's own is 15: beside anything else on this machine its workers would wait and wait.
        os.environ.setdefault("RAY_worker_niceness", "0")
        local = {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
        ray.init(address="local", num_cpus=cores, _node_ip_address="127.0.0.1", **local, **quiet)
        return True
    try:
        _reach(address)
        ray.init(address=address, **quiet)
    except (OSError, RuntimeError, ValueError) as error:
        raise ConnectionError(f"no Ray cluster at {address!r}: {first_line(error)}") from error
    return True


def ray_package() -> Any:
    """Ray.

    Raises:
        FileNotFoundError: it is not installed.
    """
    try:
        import ray
    except ModuleNotFoundError:
        raise FileNotFoundError("a cluster needs Ray: pip install 'adequate[cluster]'") from None
    return ray


def _reach(address: str) -> None:
    """At once, where Ray would try for minutes."""
    host, _, port = address.rpartition(":")
    if host and "//" not in host:
        if not port.isdecimal():
            raise ValueError(f"its port is a number, not {port!r}")
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


def first_line(error: Exception) -> str:
    """What went wrong, without Ray's explanations."""
    return next(iter(str(error).splitlines()), type(error).__name__)
