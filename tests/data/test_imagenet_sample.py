"""Photographs in an archive: read in the order of the index, and refused where anything is amiss."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adequate.data import Dataset, load
from adequate.data.imagenet_sample import load_sample

COLOURS = {"n01": (255, 0, 0), "n02": (0, 255, 0), "n03": (0, 0, 255)}
INDEX = "class_index,wnid\n7,n03\n0,n01\n999,n02\n"


def picture(colour: tuple[int, int, int], size: tuple[int, int] = (256, 256), kind: str = "JPEG") -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, colour).save(content, kind)
    return content.getvalue()


def write(folder: Path, pictures: dict[str, bytes], index: str = INDEX) -> Path:
    with tarfile.open(folder / "images.tar", "w") as archive:
        for name, content in pictures.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    (folder / "index.csv").write_text(index)
    return folder


def pictures() -> dict[str, bytes]:
    return {f"images/{wnid}.jpg": picture(colour) for wnid, colour in COLOURS.items()}


def test_one_split_in_the_order_of_the_index(tmp_path: Path) -> None:
    data = load(str(write(tmp_path, {"images/readme.txt": b"x", **pictures()})))
    assert isinstance(data, Dataset)
    assert (data.train, data.validation, data.classes) == (None, None, 1000)
    assert data.test.labels.tolist() == [7, 0, 999]
    assert (data.test.images.dtype, tuple(data.test.images.shape)) == (torch.uint8, (3, 3, 256, 256))
    seen = data.test.images.float().mean((2, 3))
    expected = torch.tensor([COLOURS[wnid] for wnid in ("n03", "n01", "n02")])
    assert (seen - expected).abs().max() <= 1  # JPEG keeps a plain colour to the nearest integer of its own space


def test_grey_pictures_have_three_channels(tmp_path: Path) -> None:
    content = io.BytesIO()
    Image.fromarray(np.full((256, 256), 100, np.uint8)).save(content, "PNG")
    data = load_sample(write(tmp_path, {"n01.png": content.getvalue()}, "class_index,wnid\n3,n01\n"))
    assert data.test.images.unique().tolist() == [100]


def test_nothing_is_written(tmp_path: Path) -> None:
    load_sample(write(tmp_path, pictures()))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["images.tar", "index.csv"]


BROKEN = {
    "no picture of 1 entries of index.csv .n02 is the first": ({"n01.jpg": b"", "n03.jpg": b""}, None),
    "n01.jpg in .* is not a readable image: 200 x 256 pixels, not 256 x 256": (
        {"n01.jpg": picture((0, 0, 0), (200, 256))},
        None,
    ),
    "n01.jpg in .* is not a readable image: cannot identify": ({"n01.jpg": b"no picture"}, None),
    "n01.jpg in .* is not a readable image: .* bytes": ({"n01.jpg": bytes(2**20 + 1)}, None),
    "index.csv is corrupt: line 2 has class 1000": (None, "class_index,wnid\n1000,n01\n"),
    "index.csv is corrupt: line 3 has class 2 and wnid 'n01'": (None, "class_index,wnid\n1,n01\n2,n01\n"),
    "index.csv is corrupt: 'wnid'": (None, "class_index,name\n1,n01\n"),
    "index.csv is corrupt: invalid literal": (None, "class_index,wnid\none,n01\n"),
    "index.csv lists no images": (None, "class_index,wnid\n"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_is_corrupt_is_refused(tmp_path: Path, reason: str) -> None:
    changed, index = BROKEN[reason]
    held = pictures()
    if changed is not None and b"" in changed.values():
        held = {name: content for name, content in held.items() if Path(name).name in changed}
    elif changed is not None:
        held = {**{name: content for name, content in held.items() if "n01" not in name}, **changed}
    with pytest.raises(ValueError, match=reason) as caught:
        load_sample(write(tmp_path, held, index or INDEX))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("half", [100, 700, 1500])
def test_a_truncated_archive_is_refused(tmp_path: Path, half: int) -> None:
    path = write(tmp_path, pictures()) / "images.tar"
    path.write_bytes(path.read_bytes()[:half])
    with pytest.raises(ValueError, match=r"images\.tar"):
        load_sample(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    write(tmp_path, pictures())
    (tmp_path / "images.tar").unlink()
    with pytest.raises(FileNotFoundError, match=r"no images\.tar in"):
        load_sample(tmp_path)
    write(tmp_path, pictures())
    (tmp_path / "index.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"no index\.csv in"):
        load_sample(tmp_path)


def test_the_sample(data_root: Path) -> None:
    data = load("imagenet-sample", data_root)
    assert (len(data.test), tuple(data.test.images.shape[1:])) == (1000, (3, 256, 256))
    assert data.test.labels.tolist() == list(range(1000))
    with pytest.raises(ValueError, match="one split"):
        data.selection()
    halved = data.halved(torch.Generator().manual_seed(0))
    assert len(halved.test) == 500
