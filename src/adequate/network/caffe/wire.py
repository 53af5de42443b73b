"""Caffe's binary files, read without protobuf and without trust: trained weights and mean images."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types (Protocol Buffers, "Encoding")."""

LAYER = 100
"""Field of the layers in ``NetParameter`` (this and the numbers below: Caffe, ``caffe.proto``)."""
V1_LAYER = 2
"""Field of the layers in networks from before 2015."""
FIELDS_OF_LAYER = {LAYER: (1, 7), V1_LAYER: (4, 6)}
"""Fields of the name and of the blobs, in each kind of layer."""
DATA, SHAPE, DOUBLE_DATA = 5, 7, 8
"""Fields of ``BlobProto``; 1 to 4 are num, channels, height and width in old files."""
DIMENSIONS = 32
"""The most a blob may have (Caffe, ``kMaxBlobAxes``)."""


@dataclass(frozen=True)
class _Message:
    """The bytes from ``start`` to ``end`` of a file: one protobuf message."""

    path: Path
    content: bytes
    start: int
    end: int

    def fields(self) -> Iterator[tuple[int, int, "_Message"]]:
        """Field number, wire type and content of each field; a varint's content are its own bytes."""
        position = self.start
        while position < self.end:
            tag, begin = self.varint(position)
            number, wire = tag >> 3, tag & 7
            if number == 0:
                raise self.error(position, "field number 0")
            if wire == VARINT:
                _, position = self.varint(begin)
            elif wire == BYTES:
                length, begin = self.varint(begin)
                position = begin + length
            elif wire in (FIXED32, FIXED64):
                position = begin + (4 if wire == FIXED32 else 8)
            else:
                raise self.error(position, f"wire type {wire}")
            if position > self.end:
                raise self.error(begin, f"field {number} goes {position - self.end} bytes beyond its message")
            yield number, wire, _Message(self.path, self.content, begin, position)

    def varint(self, position: int) -> tuple[int, int]:
        """The unsigned integer at ``position`` and the position behind it."""
        value = 0
        for count, byte in enumerate(self.content[position : min(position + 10, self.end)]):
            value |= (byte & 0x7F) << (7 * count)
            if byte < 0x80:
                return value, position + count + 1
        raise self.error(position, "an unfinished integer")

    def integers(self, wire: int) -> list[int]:
        """The varints of one field, packed or not."""
        if wire not in (VARINT, BYTES):
            raise self.error(self.start, f"wire type {wire} where integers are expected")
        values, position = [], self.start
        while position < self.end:
            value, position = self.varint(position)
            values.append(value)
        return values

    def reals(self, wire: int, dtype: str) -> np.ndarray:
        """The numbers of one field, packed or not, as float32; ``dtype`` is the stored one."""
        size = np.dtype(dtype).itemsize
        if wire not in (BYTES, FIXED32 if size == 4 else FIXED64) or (self.end - self.start) % size:
            raise self.error(self.start, f"no whole number of {size}-byte floats")
        stored = np.frombuffer(self.content, dtype, (self.end - self.start) // size, self.start)
        with np.errstate(over="ignore"):  # a double beyond float32 becomes infinity, which loading refuses by name
            return stored.astype(np.float32)

    def text(self) -> str:
        try:
            return self.content[self.start : self.end].decode()
        except UnicodeDecodeError as error:
            raise self.error(self.start, "a name that is not UTF-8") from error

    def error(self, position: int, reason: str) -> ValueError:
        return ValueError(f"{self.path} is truncated or corrupt at byte {position}: {reason}")


def read_caffemodel(path: Path) -> dict[str, list[Tensor]]:
    """The blobs of each layer that has any, float32, by layer name: weight, then bias.

    Reads today's ``layer`` and the older ``layers``; blobs with a shape, or with num, channels, height and width
    (then always of four dimensions). Layers without blobs are left out.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated or corrupt, has no weights, or two layers of one name.
    """
    layers: dict[str, list[Tensor]] = {}
    for number, wire, message in _open(path).fields():
        if number not in FIELDS_OF_LAYER or wire != BYTES:
            continue
        name, blobs = _layer(message, *FIELDS_OF_LAYER[number])
        if blobs and name in layers:
            raise message.error(message.start, f"a second layer {name!r}")
        if blobs:
            layers[name] = blobs
    if not layers:
        raise ValueError(f"{path} holds no Caffe weights")
    return layers


def read_mean(path: Path) -> Tensor:
    """The mean image of a ``.binaryproto`` file, (C, H, W) float32.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated or corrupt, or holds no single image.
    """
    blob = _blob(_open(path))
    if blob.dim() == 4 and blob.shape[0] == 1:
        blob = blob[0]
    if blob.dim() != 3:
        raise ValueError(f"{path} holds an array of shape {tuple(blob.shape)}, not one image (C, H, W)")
    return blob


def _open(path: Path) -> _Message:
    content = path.read_bytes()
    return _Message(path, content, 0, len(content))


def _layer(message: _Message, name_field: int, blob_field: int) -> tuple[str, list[Tensor]]:
    name, blobs = "", []
    for number, wire, field in message.fields():
        if number == name_field and wire == BYTES:
            name = field.text()
        elif number == blob_field and wire == BYTES:
            blobs.append(_blob(field))
    return name, blobs


def _blob(message: _Message) -> Tensor:
    shape: list[int] | None = None
    legacy = dict.fromkeys((1, 2, 3, 4), 0)
    parts: list[np.ndarray] = []
    for number, wire, field in message.fields():
        if number == DATA:
            parts.append(field.reals(wire, "<f4"))
        elif number == DOUBLE_DATA:
            parts.append(field.reals(wire, "<f8"))
        elif number == SHAPE and wire == BYTES:
            shape = [size for dim, kind, sizes in field.fields() if dim == 1 for size in sizes.integers(kind)]
        elif number in legacy and wire == VARINT:
            [legacy[number]] = field.integers(wire)
    sizes = list(legacy.values()) if shape is None else shape
    values = np.concatenate(parts) if parts else np.empty(0, np.float32)
    if len(values) == 0 or prod(sizes) != len(values) or len(sizes) > DIMENSIONS:
        raise message.error(message.start, f"a blob of shape {tuple(sizes)} with {len(values)} values")
    return torch.from_numpy(values.reshape(sizes))
