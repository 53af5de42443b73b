"""An object on its way to other processes: bytes, and apart from them the numbers of its tensors."""

import io
import pickle
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Parcel:
    """An object as bytes that do not hold the numbers of its tensors, and these as plain arrays.

    Ray keeps arrays in memory that all processes of a machine read: opening a parcel there copies no tensor, and what
    it gives must not be written to.
    """

    content: bytes
    arrays: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, held: object) -> "Parcel":
        """Packs anything that can be pickled, functions of the main module included."""
        from ray import cloudpickle

        class Packer(cloudpickle.CloudPickler):  # type: ignore[misc, name-defined]
            def persistent_id(self, obj: Any) -> tuple[int, torch.dtype, tuple[int, ...]] | None:
                return tensors.number(obj) if type(obj) is Tensor and _plain(obj) else None

        tensors, content = _Tensors(), io.BytesIO()
        Packer(content, protocol=5).dump(held)
        return cls(content.getvalue(), tuple(tensors.arrays))

    def open(self) -> Any:
        """The object, over the parcel's arrays."""
        return _Opener(io.BytesIO(self.content), self.arrays).load()


class _Tensors:
    """Tensors in the order they were met, each once."""

    def __init__(self) -> None:
        self.arrays: list[np.ndarray] = []
        self._met: dict[int, tuple[int, Tensor]] = {}

    def number(self, tensor: Tensor) -> tuple[int, torch.dtype, tuple[int, ...]]:
        if id(tensor) not in self._met:
            self._met[id(tensor)] = len(self.arrays), tensor  # held, so that no other gets its identity
            self.arrays.append(tensor.contiguous().reshape(-1).view(torch.uint8).numpy())
        return self._met[id(tensor)][0], tensor.dtype, tuple(tensor.shape)


class _Opener(pickle.Unpickler):
    def __init__(self, content: io.BytesIO, arrays: Sequence[np.ndarray]) -> None:
        super().__init__(content)
        self.arrays = arrays

    def persistent_load(self, pid: tuple[int, torch.dtype, tuple[int, ...]]) -> Tensor:
        number, dtype, shape = pid
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=".*not writable.*", category=UserWarning)
            return torch.from_numpy(self.arrays[number]).view(dtype).reshape(shape)


def _plain(tensor: Tensor) -> bool:
    """Numbers in this process's memory and nothing else: no gradient, no other device or layout."""
    return (
        tensor.device.type == "cpu"
        and tensor.layout == torch.strided
        and not tensor.requires_grad
        and tensor.numel() > 0
        and not (tensor.is_quantized or tensor.is_conj() or tensor.is_neg())
    )
