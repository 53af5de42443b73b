"""IDX files, plain and gzipped, whole and broken."""

import gzip
import hashlib
import random
from pathlib import Path

import pytest
import torch
from torch import Tensor

from adequate.data.load import load
from adequate.data.mnist import FILES, load_idx, read_idx


def idx(shape: tuple[int, ...], elements: bytes, kind: int = 8) -> bytes:
    return bytes([0, 0, kind, len(shape)]) + b"".join(size.to_bytes(4, "big") for size in shape) + elements


def outcome(path: Path) -> Tensor | str:
    try:
        return read_idx(path)
    except ValueError as error:
        return str(error)


def write_set(folder: Path, *, packed: bool) -> None:
    contents = (
        idx((30, 2, 3), bytes(range(180))),
        idx((30,), bytes(i % 10 for i in range(30))),
        idx((10, 2, 3), bytes(range(60))),
        idx((10,), bytes(range(10))),
    )
    for name, content in zip(FILES, contents, strict=True):
        if packed:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
        else:
            (folder / name).write_bytes(content)


@pytest.mark.parametrize("packed", [False, True])
def test_a_set_is_read(tmp_path: Path, packed: bool) -> None:
    write_set(tmp_path, packed=packed)
    dataset = load_idx(tmp_path, "small")
    train, validation = dataset.selection()
    assert (len(train), len(validation), dataset.classes, dataset.name) == (27, 3, 10, "small")
    assert torch.equal(dataset.test.images, torch.arange(60, dtype=torch.uint8).reshape(10, 1, 2, 3))
    assert dataset.test.labels.tolist() == list(range(10))


def test_a_folder_of_idx_files_is_recognised(tmp_path: Path) -> None:
    write_set(tmp_path, packed=True)
    assert load(str(tmp_path)).name == tmp_path.name


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write_set(tmp_path, packed=False)
    (tmp_path / FILES[2]).unlink()
    with pytest.raises(FileNotFoundError, match=rf"no {FILES[2]} or {FILES[2]}\.gz in {tmp_path}"):
        load_idx(tmp_path, "small")


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("twentieth", range(20))
def test_a_truncated_file_gives_one_line_with_the_path(tmp_path: Path, packed: bool, twentieth: int) -> None:
    whole = idx((30, 4, 4), random.Random(0).randbytes(480))
    content = gzip.compress(whole) if packed else whole
    path = tmp_path / ("images.gz" if packed else "images")
    path.write_bytes(content[: len(content) * twentieth // 20])
    with pytest.raises(ValueError, match=str(path)) as caught:
        read_idx(path)
    assert "\n" not in str(caught.value)


def test_a_changed_gzip_file_is_refused(tmp_path: Path) -> None:
    """The gzip checksum covers every element; only bytes of the gzip header itself may change unseen."""
    whole = idx((30, 4, 4), random.Random(0).randbytes(480))
    path = tmp_path / "images.gz"
    packed = gzip.compress(whole)
    for position in range(len(packed)):
        changed = bytearray(packed)
        changed[position] ^= 0x55
        path.write_bytes(changed)
        read = outcome(path)
        if isinstance(read, str):
            assert str(path) in read
        else:
            assert position < 10
            assert read.flatten().numpy().tobytes() == whole[16:]


BROKEN = {
    "not an IDX file of bytes: it begins with 50 4b 03 04": b"PK\3\4",
    "not an IDX file of bytes: it begins with nothing": b"",
    "not an IDX file of bytes: it begins with 00 00 0d 01": idx((1,), b"\0" * 4, kind=13),
    "not an IDX file of bytes: it begins with 00 00 08 00": idx((), b""),
    "truncated or corrupt header": idx((2**32 - 1, 2**32 - 1, 2**32 - 1), b""),
    "its header says 4 elements, it holds 3": idx((2, 2), b"abc"),
    "its header says 4 elements, it holds more": idx((2, 2), b"abcde"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_is_wrong_is_said(tmp_path: Path, reason: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(BROKEN[reason])
    with pytest.raises(ValueError, match=reason):
        read_idx(path)


def test_plain_bytes_under_a_gzip_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(idx((1,), b"a"))
    with pytest.raises(ValueError, match="truncated or corrupt: Not a gzipped file"):
        read_idx(path)


def test_labels_in_the_place_of_images_are_refused(tmp_path: Path) -> None:
    write_set(tmp_path, packed=False)
    (tmp_path / FILES[0]).write_bytes(idx((30,), bytes(30)))
    with pytest.raises(ValueError, match=f"{FILES[0]} holds an array of 1 dimensions, not 3"):
        load_idx(tmp_path, "small")


def test_an_empty_set_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, packed=False)
    (tmp_path / FILES[2]).write_bytes(idx((0, 2, 3), b""))
    (tmp_path / FILES[3]).write_bytes(idx((0,), b""))
    with pytest.raises(ValueError, match="'test' is empty"):
        load_idx(tmp_path, "small")


def test_a_label_beyond_nine_is_refused(tmp_path: Path) -> None:
    write_set(tmp_path, packed=False)
    (tmp_path / FILES[3]).write_bytes(idx((10,), bytes(range(1, 11))))
    with pytest.raises(ValueError, match=r"label 10 at 9 of 'small' 'test' is outside 0\.\.9"):
        load_idx(tmp_path, "small")


@pytest.mark.parametrize(
    ("name", "md5"),
    [("mnist", "2646ac647ad5339dbf082846283269ea"), ("fashion-mnist", "8181f5470baa50b63fa0f6fddb340f0a")],
)
def test_the_real_sets(data_root: Path, name: str, md5: str) -> None:
    """The published MD5 of the uncompressed test image file."""
    dataset = load(name, data_root)
    train, validation = dataset.selection()
    assert (len(train), len(validation), len(dataset.test)) == (55_000, 5_000, 10_000)
    content = idx((10_000, 28, 28), dataset.test.images.numpy().tobytes())
    assert hashlib.md5(content).hexdigest() == md5
