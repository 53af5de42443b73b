"""One process of a cluster, with all that its questions have in common."""

from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import torch

from adequate.cluster.parcel import Parcel


def versions() -> str:
    """What has to be the same wherever figures are to be the same."""
    return f"adequate {version('adequate')} with torch {torch.__version__}"


class Worker:
    """Takes a function, once, and answers questions by it; torch computes with ``threads`` threads."""

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)

    def take(self, parcel: Parcel, packed_by: str) -> None:
        """The function from now on.

        Raises:
            ValueError: it comes from another version of ``adequate`` or torch.
        """
        if packed_by != versions():
            raise ValueError(f"a node of the cluster has {versions()}, this process {packed_by}; install the same")
        self.function: Callable[[Any], Any] = parcel.open()

    def answer(self, question: Any) -> Any:
        """The function's answer."""
        return self.function(question)
