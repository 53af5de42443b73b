"""Running a module for its shapes alone, nothing computed and nothing allocated."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch._subclasses.fake_tensor import FakeTensorMode

from adequate.network.quiet import quiet_torch


@contextmanager
def shapes_only(shells: FakeTensorMode) -> Iterator[None]:
    """Within, tensors made are empty shells, and real ones count as such; ``shells`` are those of one mode."""
    with quiet_torch(), shells, torch.no_grad():
        yield


def new_shells() -> FakeTensorMode:
    """A mode for ``shapes_only``; shells of different ones do not mix."""
    return FakeTensorMode(allow_non_fake_inputs=True)
