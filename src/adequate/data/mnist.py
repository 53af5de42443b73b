"""MNIST and its look-alikes: four IDX files, plain or gzipped."""

import gzip
import zlib
from math import prod
from pathlib import Path

import torch
from torch import Generator, Tensor

from adequate.data.dataset import Dataset
from adequate.data.split import Split

FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")
"""File names; each may end in ``.gz``."""

UNSIGNED_BYTE = 8
"""The IDX code of the only element type these sets use."""

LARGEST = 2**31
"""Bytes beyond which a header is taken to be corrupt (MNIST's largest file has 47 million)."""


def holds_idx(folder: Path) -> bool:
    """Whether the folder has any of the four files."""
    return any((folder / f"{name}{suffix}").is_file() for name in FILES for suffix in ("", ".gz"))


def load_idx(folder: Path, name: str) -> Dataset:
    """The data set in a folder of four IDX files: images (N, 1, H, W) uint8, ten classes.

    Checksums of the ``.gz`` files are not looked at: recompressed copies are as good.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is truncated or corrupt.
    """
    images, labels, test_images, test_labels = (read_idx(_find(folder, file)) for file in FILES)
    for file, tensor, dimensions in zip(FILES, (images, labels, test_images, test_labels), (3, 1, 3, 1), strict=True):
        if tensor.dim() != dimensions:
            raise ValueError(f"{folder / file} holds an array of {tensor.dim()} dimensions, not {dimensions}")
    train = Split(images[:, None], labels.long(), None, "train")
    test = Split(test_images[:, None], test_labels.long(), None, "test")
    return Dataset.holding_out(name, 10, train, test, Generator().manual_seed(0))


def read_idx(path: Path) -> Tensor:
    """The uint8 array of an IDX file, gzipped where the name ends in ``.gz``.

    Layout: two zero bytes, the element type, the number of dimensions, the sizes as big-endian 32-bit integers, the
    elements. Source: LeCun, Cortes, Burges, "The MNIST database", section "File formats".

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated or corrupt.
    """
    with path.open("rb") as raw:
        stream = gzip.GzipFile(fileobj=raw) if path.suffix == ".gz" else raw
        try:
            head = stream.read(4)
            if len(head) < 4 or head[:2] != b"\0\0" or head[2] != UNSIGNED_BYTE or not 1 <= head[3] <= 4:
                raise ValueError(f"{path} is not an IDX file of bytes: it begins with {head.hex(' ') or 'nothing'}")
            sizes = stream.read(4 * head[3])
            shape = tuple(int.from_bytes(sizes[i : i + 4], "big") for i in range(0, len(sizes), 4))
            if len(sizes) < 4 * head[3] or prod(shape) > LARGEST:
                raise ValueError(f"{path} has a truncated or corrupt header: sizes {shape}")
            content = stream.read(prod(shape) + 1)
        except (gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise ValueError(f"{path} is truncated or corrupt: {error}") from error
    if len(content) != prod(shape):
        excess = "more" if len(content) > prod(shape) else str(len(content))
        raise ValueError(f"{path} is truncated or corrupt: its header says {prod(shape)} elements, it holds {excess}")
    return (
        torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(shape)
        if content
        else torch.empty(shape, dtype=torch.uint8)
    )


def _find(folder: Path, name: str) -> Path:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    raise FileNotFoundError(f"no {name} or {name}.gz in {folder}")
