"""CIFAR-10 in its binary version."""

from pathlib import Path

import torch
from torch import Generator, Tensor

from adequate.data.dataset import Dataset
from adequate.data.split import Split

TRAIN_FILES = tuple(f"data_batch_{i}.bin" for i in range(1, 6))
TEST_FILE = "test_batch.bin"
SHAPE = (3, 32, 32)
RECORD = 1 + 3 * 32 * 32
"""Bytes of one image: its label, then the red, green and blue planes row by row."""


def holds_cifar10(folder: Path) -> bool:
    """Whether the folder has any of the standard files."""
    return any((folder / name).is_file() for name in (*TRAIN_FILES, TEST_FILE))


def load_cifar10(folder: Path, name: str = "cifar10") -> Dataset:
    """The data set in a folder of ``data_batch_1.bin`` .. ``data_batch_5.bin`` and ``test_batch.bin``.

    Images (N, 3, 32, 32) uint8, RGB. A file may hold any whole number of records.
    Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, binary version.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: a file is truncated, or has a label beyond 9.
    """
    parts = [read_records(_find(folder, file)) for file in TRAIN_FILES]
    images, labels = (torch.cat(tensors) for tensors in zip(*parts, strict=True))
    train = Split(images, labels, None, "train")
    test = Split(*read_records(_find(folder, TEST_FILE)), None, "test")
    return Dataset.holding_out(name, 10, train, test, Generator().manual_seed(0))


def read_records(path: Path) -> tuple[Tensor, Tensor]:
    """Images (N, 3, 32, 32) uint8 and labels (N,) int64 of one file.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is empty, no whole number of records, or has a label beyond 9.
    """
    content = path.read_bytes()
    if not content or len(content) % RECORD:
        raise ValueError(f"{path} is truncated or corrupt: {len(content)} bytes are no whole number of {RECORD}")
    records = torch.frombuffer(bytearray(content), dtype=torch.uint8).reshape(-1, RECORD)
    labels = records[:, 0].long()
    if int(labels.max()) > 9:
        raise ValueError(f"{path} is corrupt: record {int(labels.argmax())} has the label {int(labels.max())}, over 9")
    return records[:, 1:].reshape(-1, *SHAPE), labels


def _find(folder: Path, name: str) -> Path:
    if not (folder / name).is_file():
        raise FileNotFoundError(f"no {name} in {folder}")
    return folder / name
