"""CIFAR-10's binary files, whole and broken."""

import hashlib
from pathlib import Path

import pytest
import torch

from adequate.data.cifar10 import RECORD, TEST_FILE, TRAIN_FILES, load_cifar10, read_records
from adequate.data.load import load

PIXELS = bytes(i % 256 for i in range(RECORD - 1))


def write_set(folder: Path, per_file: int = 4) -> None:
    for name in (*TRAIN_FILES, TEST_FILE):
        (folder / name).write_bytes(b"".join(bytes([i % 10]) + PIXELS for i in range(per_file)))


def test_a_set_is_read(tmp_path: Path) -> None:
    write_set(tmp_path)
    dataset = load_cifar10(tmp_path)
    train, validation = dataset.selection()
    assert (len(train), len(validation), len(dataset.test), dataset.classes) == (18, 2, 4, 10)
    assert dataset.test.labels.tolist() == [0, 1, 2, 3]
    assert torch.equal(dataset.test.images[3], torch.tensor(list(PIXELS), dtype=torch.uint8).reshape(3, 32, 32))


def test_a_folder_of_binary_files_is_recognised(tmp_path: Path) -> None:
    write_set(tmp_path)
    assert load(str(tmp_path)).name == tmp_path.name


@pytest.mark.parametrize("name", [*TRAIN_FILES, TEST_FILE])
def test_a_missing_file_is_named(tmp_path: Path, name: str) -> None:
    write_set(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=rf"no {name} in {tmp_path}"):
        load_cifar10(tmp_path)


@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_file_gives_one_line_with_the_path(tmp_path: Path, twentieth: int) -> None:
    path = tmp_path / TEST_FILE
    length = 3 * RECORD * twentieth // 20
    path.write_bytes((bytes([1]) + PIXELS)[:RECORD] * 3)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(ValueError, match=f"{path} is truncated or corrupt: {length} bytes"):
        read_records(path)


def test_a_label_beyond_nine_is_refused(tmp_path: Path) -> None:
    path = tmp_path / TEST_FILE
    path.write_bytes(bytes([9]) + PIXELS + bytes([10]) + PIXELS)
    with pytest.raises(ValueError, match="record 1 has the label 10"):
        read_records(path)


@pytest.mark.slow
def test_the_real_set(cifar10_dir: Path) -> None:
    """All 50,000 training images: MD5 of the first file as published, class counts, the last 5,000 held out."""
    dataset = load("cifar10", cifar10_dir)
    train, validation = dataset.selection()
    assert (len(train), len(validation), len(dataset.test)) == (45_000, 5_000, 1_000)
    records = torch.cat([train.labels[:10_000, None].byte(), train.images[:10_000].flatten(1)], dim=1)
    assert hashlib.md5(records.numpy().tobytes()).hexdigest() == "5dd7e06a14cb22eb9f671a540d1b7c25"
    assert (train.labels.bincount() + validation.labels.bincount()).tolist() == [5_000] * 10
    assert dataset.test.labels.bincount().tolist() == [103, 89, 100, 103, 90, 86, 112, 102, 106, 109]
