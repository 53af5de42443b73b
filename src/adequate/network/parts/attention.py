"""Scaled dot-product attention: two products and the softmax between them (Vaswani et al. 2017, eq. 1)."""

from math import inf, sqrt

import torch
from torch import Tensor
from torch.fx import Node

from adequate.network.parts.assembly import Assembly

aten = torch.ops.aten


def masked_softmax(scores: Tensor, *, mask: Tensor) -> Tensor:
    """Softmax over the last dimension of what ``mask`` lets through; a row that is hidden entirely becomes zeros.

    A Boolean mask hides where it is False; any other is added to the scores. It is no part of its own, because what it
    hides is minus infinity, a value that no format has.
    """
    hidden = scores.masked_fill(~mask, -inf) if mask.dtype == torch.bool else scores + mask
    return aten._safe_softmax.default(hidden, -1)


def attention(assembly: Assembly) -> Node:
    """softmax(scale * Q K^T + mask) V, dropout on the softmax's result.

    Parts: ``scores`` (matmul), ``scale`` (mul), ``softmax``, ``dropout`` if there is any, ``values`` (matmul).
    """
    given = assembly.arguments
    query, key, value = given["query"], given["key"], given["value"]
    if given["enable_gqa"]:
        key, value = (_repeated(assembly, query, one) for one in (key, value))
    scale = given["scale"] if given["scale"] is not None else 1 / sqrt(query.meta["val"].shape[-1])
    scores = assembly.layer("scores", aten.matmul.default, query, assembly.wire(aten.transpose.int, key, -2, -1))
    scores = assembly.layer("scale", aten.mul.Tensor, scores, scale)
    mask = _causal(assembly, scores) if given["is_causal"] else given["attn_mask"]
    if mask is None:
        weights = assembly.layer("softmax", aten.softmax.int, scores, -1)
    else:
        weights = assembly.layer("softmax", masked_softmax, scores, mask=mask)
    probability = given["dropout_p"] if assembly.mode is None else assembly.mode.training
    if probability:
        weights = assembly.dropout("dropout", weights, probability, on=bool(given["dropout_p"]))
    return assembly.layer("values", aten.matmul.default, weights, value)


def _causal(assembly: Assembly, scores: Node) -> Node:
    """Query i sees the keys up to i."""
    sizes = [
        size if isinstance(size, int) else assembly.wire(aten.sym_size.int, scores, dimension)
        for size, dimension in zip(scores.meta["val"].shape[-2:], (-2, -1), strict=True)
    ]
    return assembly.wire(aten.tril.default, assembly.wire(aten.new_ones.default, scores, sizes, dtype=torch.bool))


def _repeated(assembly: Assembly, query: Node, shared: Node) -> Node:
    """Keys or values of which each serves several consecutive heads of the query."""
    repeats = query.meta["val"].shape[-3] // shared.meta["val"].shape[-3]
    return assembly.wire(aten.repeat_interleave.self_int, shared, repeats, -3)
