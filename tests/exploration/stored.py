"""Trials to store, in contexts that differ, and processes that store them."""

import os
from collections.abc import Callable

from adequate.design import Design
from adequate.exploration import Context, Trial
from adequate.formats import Fixed

A, B, C = (Context(settings=name) for name in "abc")


def design(bits: int) -> Design:
    return Design().with_layers(["conv1", "fc"], weight=Fixed(bits, 3), output=Fixed(8, -2))


def trial(bits: int, **figures: float) -> Trial:
    return Trial(design(bits), figures or {"accuracy": bits / 7, "stored_bits": 10 * bits})


def in_a_child(work: Callable[[], None]) -> int:
    """Runs ``work`` in a forked process; its process id."""
    if child := os.fork():
        return child
    try:
        work()
        os._exit(0)
    except BaseException as error:
        os.write(2, f"{type(error).__name__}: {error}\n".encode())
        os._exit(1)
