"""A cluster that is not there is said so in one line, soon."""

import socket

import pytest

from adequate.cluster import ray_map


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@pytest.mark.usefixtures("ray")
def test_no_cluster_at_an_address() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(ConnectionError, match=f"no Ray cluster at '{address}': .*refused"):
        ray_map(address)
    with pytest.raises(ConnectionError, match="no Ray cluster at 'here:there': its port is a number, not 'there'"):
        ray_map("here:there")


@pytest.mark.parametrize("count", [0, -1])
def test_counts_are_checked_before_anything_starts(count: int) -> None:
    with pytest.raises(ValueError, match=f"workers is a number from 1, not {count}"):
        ray_map(workers=count)
    with pytest.raises(ValueError, match=f"threads is a number from 1, not {count}"):
        ray_map(threads=count)
