"""Tensors as an ONNX file stores them, as torch's."""

from collections.abc import Callable, Iterable, Sequence
from math import prod
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

DTYPES: dict[int, torch.dtype] = {
    1: torch.float32,
    2: torch.uint8,
    3: torch.int8,
    4: torch.uint16,
    5: torch.int16,
    6: torch.int32,
    7: torch.int64,
    9: torch.bool,
    10: torch.float16,
    11: torch.float64,
    12: torch.uint32,
    13: torch.uint64,
    16: torch.bfloat16,
    17: torch.float8_e4m3fn,
    18: torch.float8_e4m3fnuz,
    19: torch.float8_e5m2,
    20: torch.float8_e5m2fnuz,
    24: torch.float8_e8m0fnu,
}
"""Element types torch has, by their number in the file (ONNX, ``TensorProto.DataType``)."""

NARROW: dict[int, tuple[str, int, torch.dtype]] = {
    21: ("uint4", 4, torch.uint8),
    22: ("int4", 4, torch.int8),
    25: ("uint2", 2, torch.uint8),
    26: ("int2", 2, torch.int8),
}
"""Packed integers, the first in the lowest bits: name, width, and the type that holds them."""

DIMENSIONS = 32
"""The most a tensor may have; torch allows 64, models use six."""


class StoredTensor(Protocol):
    """What is read of a ``TensorProto``."""

    @property
    def data_type(self) -> int: ...
    @property
    def dims(self) -> Sequence[int]: ...
    @property
    def raw_data(self) -> bytes: ...
    @property
    def float_data(self) -> Sequence[float]: ...
    @property
    def double_data(self) -> Sequence[float]: ...
    @property
    def int32_data(self) -> Sequence[int]: ...
    @property
    def int64_data(self) -> Sequence[int]: ...
    @property
    def uint64_data(self) -> Sequence[int]: ...


LARGEST = 2**28
"""Bytes of example inputs: a few bytes of a file can ask for any size, and tracing makes copies."""


def refuse_large(wanted: Iterable[tuple[Sequence[int], torch.dtype]]) -> None:
    """For tensors that are made up, by shapes and types.

    Raises:
        ValueError: one would have too many dimensions, or all together too many bytes.
    """
    total = 0
    for shape, dtype in wanted:
        if len(shape) > DIMENSIONS:
            raise ValueError(f"{len(shape)} dimensions are too many; up to {DIMENSIONS} are supported")
        total += prod(shape) * dtype.itemsize
    if total > LARGEST:
        raise ValueError(f"{total / 2**20:.0f} MiB are too many; up to {LARGEST >> 20} MiB are supported")


def element_type(number: int) -> torch.dtype:
    """The torch type of ONNX's element type.

    Raises:
        ValueError: torch has none (strings, say).
    """
    if number in NARROW:
        return NARROW[number][2]
    if number not in DTYPES:
        raise ValueError(f"element type {number} is not supported; {sorted([*DTYPES, *NARROW])} are")
    return DTYPES[number]


def decode(stored: StoredTensor, external: Callable[[int], bytes] | None = None) -> Tensor:
    """The tensor a file stores, in its raw bytes, in its typed fields, or through ``external`` (bytes wanted -> bytes).

    Raises:
        ValueError: the element type is not supported, or the data are not as long as the shape says.
    """
    dtype, shape = element_type(stored.data_type), tuple(stored.dims)
    if len(shape) > DIMENSIONS or min(shape, default=0) < 0 or prod(size or 1 for size in shape) >= 2**63:
        raise ValueError(f"a tensor of shape {shape[:DIMENSIONS]}")
    count = prod(shape)
    size = -(-count * NARROW[stored.data_type][1] // 8) if stored.data_type in NARROW else count * dtype.itemsize
    if external is not None:
        data = external(size)
    elif stored.raw_data:
        data = stored.raw_data
    else:
        data = _typed(stored, dtype)
    if len(data) != size:
        raise ValueError(f"a tensor of shape {shape} and type {dtype} with {len(data)} bytes of data instead of {size}")
    if stored.data_type in NARROW:
        _, width, _ = NARROW[stored.data_type]
        return _unpacked(data, width, dtype)[:count].reshape(shape)
    if count == 0:
        return torch.empty(shape, dtype=dtype)
    if dtype == torch.bool:
        return torch.frombuffer(bytearray(data), dtype=torch.uint8).ne(0).reshape(shape)
    return torch.frombuffer(bytearray(data), dtype=dtype).reshape(shape)


def _typed(stored: StoredTensor, dtype: torch.dtype) -> bytes:
    """The typed fields as raw bytes; those narrower than 32 bits lie in ``int32_data``, one an entry."""
    if dtype == torch.float32:
        return np.asarray(stored.float_data, "<f4").tobytes()
    if dtype == torch.float64:
        return np.asarray(stored.double_data, "<f8").tobytes()
    if dtype == torch.int64:
        return np.asarray(stored.int64_data, "<i8").tobytes()
    if dtype in (torch.uint32, torch.uint64):
        return np.asarray(stored.uint64_data, "<u8").astype(f"<u{dtype.itemsize}").tobytes()
    return np.asarray(stored.int32_data, "<i4").astype(f"<i{dtype.itemsize}").tobytes()


def _unpacked(data: bytes, width: int, dtype: torch.dtype) -> Tensor:
    packed = torch.frombuffer(bytearray(data), dtype=torch.uint8) if data else torch.empty(0, dtype=torch.uint8)
    fields = packed[:, None] >> torch.arange(0, 8, width, dtype=torch.uint8) & (1 << width) - 1
    values = fields.reshape(-1).to(torch.int8)
    if dtype == torch.uint8:
        return values.to(torch.uint8)
    return torch.where(values >= 1 << width - 1, values - (1 << width), values)
