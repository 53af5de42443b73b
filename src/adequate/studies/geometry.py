"""The layers of a network of the zoo as accelerators see them, by their shapes alone."""

from dataclasses import replace
from functools import cache

import torch

from adequate.accelerators import Work, work_of
from adequate.design import LayerDesign
from adequate.formats import Fixed
from adequate.network import Network, trace
from adequate.zoo import entry


def works(name: str, *, bits: int = 16, images: int = 1) -> tuple[Work, ...]:
    """Every sum of products of a network at one word length, for ``images`` images; values are not needed."""
    word = Fixed(bits, 0)
    chosen = LayerDesign(input=word, weight=word, output=word)
    one = [work_of(layer, chosen) for layer in network(name).layers if layer.multiplies]
    return tuple(replace(work, runs=work.runs * images, images=images) for work in one)


@cache
def network(name: str) -> Network:
    """A network of the zoo without numbers."""
    found = entry(name)
    return trace(found.skeleton(), torch.zeros(found.example_shape, device="meta"))
