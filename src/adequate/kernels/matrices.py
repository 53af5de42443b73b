"""A contraction as one batched matrix product: dimensions permuted, grouped and flattened."""

from collections.abc import Mapping
from math import prod

from torch import Tensor

from adequate.kernels.contraction import Contraction, Labels


def left_matrices(contraction: Contraction, a: Tensor, sizes: Mapping[str, int]) -> Tensor:
    """The left operand as (batch, M, K), or (M, K) without a batch; k counts ``summed``, the last label fastest."""
    groups = (contraction.rows, contraction.summed)
    return _grouped(a, contraction.left, (contraction.batch, *groups) if contraction.batch else groups, sizes)


def right_matrices(contraction: Contraction, b: Tensor, sizes: Mapping[str, int]) -> Tensor:
    """The right operand as (batch, K, N), or (K, N) without a batch."""
    groups = (contraction.summed, contraction.columns)
    return _grouped(b, contraction.right, (contraction.batch, *groups) if contraction.batch else groups, sizes)


def from_matrices(contraction: Contraction, z: Tensor, sizes: Mapping[str, int]) -> Tensor:
    """Sums of (batch, M, N) or (M, N) as the contraction's output."""
    labels = (*contraction.batch, *contraction.rows, *contraction.columns)
    apart = z.reshape([sizes[label] for label in labels])
    return apart.permute([labels.index(label) for label in contraction.output])


def _grouped(x: Tensor, labels: Labels, groups: tuple[Labels, ...], sizes: Mapping[str, int]) -> Tensor:
    """``x`` with one dimension per group of labels; a label it has not, or has once, is repeated to its size."""
    x, labels = _diagonal(x, labels)
    wanted = [label for group in groups for label in group]
    x = x.permute([labels.index(label) for label in wanted if label in labels])
    for position, label in enumerate(wanted):
        if label not in labels:
            x = x.unsqueeze(position)
    x = x.expand([sizes[label] for label in wanted])
    return x.reshape([prod(sizes[label] for label in group) for group in groups])


def _diagonal(x: Tensor, labels: Labels) -> tuple[Tensor, Labels]:
    """Dimensions of one label become one, its diagonal."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            x = x.diagonal(0, first, second)  # comes last
            labels = (*(one for i, one in enumerate(labels) if i not in (first, second)), label)
    return x, labels
