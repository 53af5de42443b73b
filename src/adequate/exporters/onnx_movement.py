"""The operators of ONNX that move numbers and compute nothing."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import SymInt, Tensor
from torch.fx import Node

from adequate.exporters.onnx_call import OnnxCall
from adequate.network.graph import arguments

PAD_MODES = {"constant": "constant", "reflect": "reflect", "replicate": "edge", "circular": "wrap"}
"""torch's names of ways to pad, and ONNX's."""


def integers(values: Sequence[int]) -> Tensor:
    """Sizes or axes as a constant."""
    return torch.tensor(list(values), dtype=torch.int64)


def dims_of(node: Node) -> int:
    """How many dimensions a node's result has."""
    return node.meta["val"].dim()


def axis_of(axis: int, node: Node) -> int:
    """A dimension of a node's result, counted from the first."""
    return axis % dims_of(node)


def number(value: float) -> Tensor:
    """A number as a constant."""
    return torch.tensor(float(value), dtype=torch.float32)


def _concat(node: Node) -> OnnxCall:
    a = arguments(node)
    return OnnxCall("Concat", tuple(a["tensors"]), {"axis": axis_of(a["dim"], node)})


def _reshape(node: Node) -> OnnxCall:
    a = arguments(node)
    x = a["self"]
    if a.get("start_dim") == 1 and a.get("end_dim") == -1:
        return OnnxCall("Flatten", (x,), {"axis": 1})
    return OnnxCall("Reshape", (x, integers(new_sizes(node, x))))


def new_sizes(node: Node, source: Node | None) -> list[int]:
    """The sizes of a node's result for Reshape: 0 is that of the source, if there is one, -1 what is left.

    Raises:
        ValueError: more than one is not known beforehand.
    """
    own = () if source is None else source.meta["val"].shape
    sizes: list[int] = []
    for place, size in enumerate(node.meta["val"].shape):
        kept = isinstance(size, SymInt) and place < len(own) and str(own[place]) == str(size)
        sizes.append(size if isinstance(size, int) else 0 if kept else -1)
    if sizes.count(-1) > 1:
        raise ValueError(f"has the sizes {tuple(node.meta['val'].shape)}, more than one of which is free")
    return sizes


def _permute(node: Node) -> OnnxCall:
    a = arguments(node)
    order = list(range(dims_of(node)))
    if "dims" in a:
        order = [axis_of(d, node) for d in a["dims"]]
    else:
        last = (-2, -1)  # of a transposition that says no more
        first, second = (
            axis_of(a.get(name, default), node) for name, default in zip(("dim0", "dim1"), last, strict=True)
        )
        order[first], order[second] = order[second], order[first]
    return OnnxCall("Transpose", (a["self"],), {"perm": order})


def _squeeze(node: Node) -> OnnxCall:
    a = arguments(node)
    shape = a["self"].meta["val"].shape
    chosen = a.get("dim", range(len(shape)))
    axes = [axis_of(d, a["self"]) for d in ([chosen] if isinstance(chosen, int) else chosen)]
    ones = [d for d in axes if isinstance(shape[d], int) and shape[d] == 1]
    return OnnxCall("Squeeze", (a["self"], integers(ones))) if ones else _reshape(node)


def _unsqueeze(node: Node) -> OnnxCall:
    a = arguments(node)
    return OnnxCall("Unsqueeze", (a["self"], integers([axis_of(a["dim"], node)])))


def _slice(node: Node) -> OnnxCall:
    a = arguments(node)
    start, end = (0 if a["start"] is None else a["start"]), (2**63 - 1 if a["end"] is None else a["end"])
    if not isinstance(start, int) or not isinstance(end, int):
        raise ValueError("cuts at a place that depends on the input's size")
    limits = ((start,), (end,), (axis_of(a["dim"], node),), (a["step"],))
    return OnnxCall("Slice", (a["self"], *map(integers, limits)))


def _pad(node: Node) -> OnnxCall:
    a = arguments(node)
    flat, count = list(a["pad"]), dims_of(node)
    pairs = [(0, 0)] * (count - len(flat) // 2) + [(flat[i], flat[i + 1]) for i in range(len(flat) - 2, -1, -2)]
    pads = integers([before for before, _ in pairs] + [after for _, after in pairs])
    mode = PAD_MODES[a.get("mode", "constant")]
    fill = (number(a.get("value") or 0),) if mode == "constant" else ()
    return OnnxCall("Pad", (a["self"], pads, *fill), {"mode": mode})


MOVEMENTS: Mapping[str, Callable[[Node], OnnxCall]] = {
    "concat": _concat,
    **dict.fromkeys(("flatten", "view", "reshape", "unflatten"), _reshape),
    **dict.fromkeys(("permute", "transpose", "t", "mT"), _permute),
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "slice": _slice,
    **dict.fromkeys(("pad", "constant_pad_nd"), _pad),
}
"""By the field's name of the function."""
