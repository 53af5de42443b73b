"""A small protobuf encoder of the published layout of Caffe's binary files."""

import struct
from pathlib import Path

from torch import Tensor


def varint(value: int) -> bytes:
    head = b""
    while value >= 0x80:
        head += bytes([value & 0x7F | 0x80])
        value >>= 7
    return head + bytes([value])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def number(number: int, value: int) -> bytes:
    return varint(number << 3) + varint(value)


def blob(values: list[float], shape: tuple[int, ...], *, packed: bool, shaped: bool, double: bool = False) -> bytes:
    kind, index, wire = ("<d", 8, 1) if double else ("<f", 5, 5)
    if packed:
        data = field(index, b"".join(struct.pack(kind, v) for v in values))
    else:
        data = b"".join(varint(index << 3 | wire) + struct.pack(kind, v) for v in values)
    if not shaped:
        sizes = (1,) * (4 - len(shape)) + shape
        return b"".join(number(i + 1, size) for i, size in enumerate(sizes)) + data
    if packed:
        return field(7, field(1, b"".join(varint(size) for size in shape))) + data
    return field(7, b"".join(number(1, size) for size in shape)) + data


def model(layers: dict[str, list[bytes]], era: str) -> bytes:
    name_field, blob_field, layer_field = (1, 7, 100) if era == "new" else (4, 6, 2)
    content = field(1, b"a network")
    for name, blobs in layers.items():
        body = field(name_field, name.encode()) + b"".join(field(blob_field, b) for b in blobs)
        content += field(layer_field, body)
    return content


def write_weights(path: Path, layers: dict[str, list[Tensor]]) -> Path:
    """A ``.caffemodel`` of today's kind."""
    blobs = {
        name: [blob(one.flatten().tolist(), tuple(one.shape), packed=True, shaped=True) for one in tensors]
        for name, tensors in layers.items()
    }
    path.write_bytes(model(blobs, "new"))
    return path
