"""A device that there is not: tensors that say they are elsewhere, compute on the processor, and mix with none of its.

What runs on them runs on a GPU without a constant, a table or a generator left behind; torch raises there as this does.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

DEVICE = torch.device("lazy")
"""A kind of device that torch names without a driver."""

aten = torch.ops.aten
COPIES = {aten.copy_.default, aten._to_copy.default, aten.set_.source_Tensor}
INDEXING = {aten.index.Tensor, aten.index_put.default, aten.index_put_.default}
"""Takes indices on the processor, too."""


class ElsewhereTensor(Tensor):
    """``inner``, said to be on ``DEVICE``."""

    inner: Tensor

    @staticmethod
    def __new__(cls, inner: Tensor) -> "ElsewhereTensor":
        made = Tensor._make_wrapper_subclass(
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(), dtype=inner.dtype,
            device=DEVICE,
        )  # fmt: skip
        made.inner = inner
        return made

    def tolist(self) -> Any:
        """torch has it for tensors of its own class only."""
        return self.inner.tolist()

    __torch_function__ = torch._C._disabled_torch_function_impl  # pyright: ignore[reportAssignmentType]

    @classmethod
    def __torch_dispatch__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


@contextmanager
def elsewhere() -> Iterator[None]:
    """While it is entered, tensors may be made on ``DEVICE`` and moved to it and back."""
    with _Making(), _Computing():
        yield


class _Making(TorchFunctionMode):
    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.tensor, torch.as_tensor) and kwargs.get("device") == DEVICE:
            return func(*args, **{**kwargs, "device": None}).to(DEVICE)
        return func(*args, **kwargs)


class _Computing(TorchDispatchMode):
    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return _run(func, args, kwargs or {})


def _run(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    leaves = tree_flatten((args, kwargs))[0]
    there = {id(one.inner): one for one in leaves if isinstance(one, ElsewhereTensor)}
    here = [one for one in leaves if isinstance(one, Tensor) and not isinstance(one, ElsewhereTensor)]
    device = kwargs.get("device")
    if there and any(one.dim() for one in here) and func not in COPIES | INDEXING:
        raise RuntimeError(f"{func}: tensors on {DEVICE} and on the processor")
    if (there or device == DEVICE) and isinstance(kwargs.get("generator"), torch.Generator):
        raise RuntimeError(f"{func}: a generator on the processor for numbers on {DEVICE}")
    if device is not None:
        kwargs = {**kwargs, "device": torch.device("cpu")}
    args, kwargs = tree_map_only(ElsewhereTensor, lambda one: one.inner, (args, kwargs))
    result = func(*args, **kwargs)
    if not there if device is None else device != DEVICE:
        return result
    known = {**there, **{id(one): one for one in here}}  # written in place
    return tree_map_only(Tensor, lambda one: known[id(one)] if id(one) in known else ElsewhereTensor(one), result)
