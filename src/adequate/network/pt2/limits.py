"""How large a program from a file may be: what it computes must not exhaust the machine it is only looked at on."""

from math import prod
from typing import Any

from torch import Tensor

from adequate.network.pt2.fields import LARGEST_INTEGER, Field

LARGEST_TENSOR = 1 << 27
"""Elements of one tensor beside the free sizes; 512 MiB in float32 (assumed)."""

MOST_VALUES = 100_000
"""Values a graph computes (assumed; ResNet-152 has a thousand)."""

MOST_STEPS = 2048
"""Steps of a recurrent layer: computed one after the other, they take seconds even without values (assumed)."""

MOST_PIECES = 1 << 16
"""Pieces that a tensor is cut into, likewise (assumed)."""

RECURRENT = frozenset({"lstm", "gru", "rnn_tanh", "rnn_relu"})
IN_PIECES = frozenset({"split", "unsafe_split", "chunk", "unsafe_chunk", "unbind", "tensor_split"})


def refuse_endless(node: Field, target: str, operands: tuple[Any, ...]) -> None:
    """Before a call: an operator that goes through a dimension step by step must not have too many.

    Raises:
        ValueError: it has.
    """
    name = target.split(".")[-2]
    if not operands or not isinstance(operands[0], Tensor) or name not in RECURRENT | IN_PIECES:
        return
    recurrent = name in RECURRENT
    shape, allowed = operands[0].shape[: -1 if recurrent else None], MOST_STEPS if recurrent else MOST_PIECES
    most = max((size for size in shape if isinstance(size, int)), default=0)
    if most > allowed:
        raise node.error(f"goes through {most:,} elements one by one; read are up to {allowed:,}")


def refuse_huge(node: Field, value: object) -> None:
    """After a call, which allocated nothing: its result must not be too large to be computed in earnest.

    Raises:
        ValueError: it is.
    """
    for one in value if isinstance(value, list | tuple) else (value,):
        if isinstance(one, Tensor):
            known = prod(size for size in one.shape if isinstance(size, int))
            if known > LARGEST_TENSOR:
                raise node.error(f"computes {known:,} values; read are tensors of up to {LARGEST_TENSOR:,}")
        elif isinstance(one, int) and abs(one) > LARGEST_INTEGER:
            raise node.error("computes an integer of more than 64 bits")
