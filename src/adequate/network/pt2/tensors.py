"""The weights and constants of a .pt2 file: raw bytes and their shapes, never pickles."""

from math import prod

import torch
from torch import Tensor, nn

from adequate.network.pt2.archive import Archive
from adequate.network.pt2.fields import Field

DTYPES = {
    1: torch.uint8,
    2: torch.int8,
    3: torch.int16,
    4: torch.int32,
    5: torch.int64,
    6: torch.float16,
    7: torch.float32,
    8: torch.float64,
    12: torch.bool,
    13: torch.bfloat16,
}
"""Numbers of types (torch, ``_export/serde/schema.py``, ScalarType)."""

STRIDED = 7
"""The layout of a dense tensor (same place, Layout)."""


def tensors(archive: Archive, folder: str, model: str) -> dict[str, Tensor]:
    """Names and tensors that ``data/FOLDER/MODEL_FOLDER_config.json`` lists; two of one member share its memory.

    Raises:
        ValueError: a pickled object, a tensor that does not lie in its bytes, an unknown type.
    """
    place = f"data/{folder}"
    listed = archive.document(f"{place}/{model}_{folder}_config.json")["config"].members()
    read: dict[tuple[str, torch.dtype], Tensor] = {}
    found = {}
    for name, entry in listed.items():
        if entry["use_pickle"].flag():
            raise entry.error("is pickled; only plain tensors are read")
        meta = entry["tensor_meta"]
        dtype = meta["dtype"].chosen(DTYPES, "type")
        key = (entry["path_name"].text(), dtype)
        if key not in read:
            read[key] = _values(archive.read(f"{place}/{key[0]}"), dtype, entry)
        tensor = _view(read[key], meta)
        is_parameter = entry["is_param"].flag() and tensor.is_floating_point()
        found[name] = nn.Parameter(tensor) if is_parameter else tensor
    return found


def _values(content: bytes, dtype: torch.dtype, entry: Field) -> Tensor:
    if len(content) % dtype.itemsize:
        raise entry.error(f"has {len(content)} bytes, no whole number of {dtype}")
    return torch.frombuffer(bytearray(content), dtype=dtype) if content else torch.empty(0, dtype=dtype)


def _view(values: Tensor, meta: Field) -> Tensor:
    if meta["layout"].integer() != STRIDED:
        raise meta.error("is not a dense tensor")
    sizes, strides = ([one["as_int"].integer() for one in meta[key].elements()] for key in ("sizes", "strides"))
    offset = meta["storage_offset"]["as_int"].integer()
    if len(sizes) != len(strides) or min([*sizes, *strides, offset], default=0) < 0:
        raise meta.error(f"has sizes {sizes} and strides {strides}")
    last = offset + sum((size - 1) * stride for size, stride in zip(sizes, strides, strict=True))
    if prod(sizes) > len(values) or (prod(sizes) and last >= len(values)):
        raise meta.error(f"of shape {tuple(sizes)} does not fit into its {len(values):,} stored values")
    return values.as_strided(sizes, strides, offset)
