"""Images in folders, one folder a class."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from adequate.data.folder import load_folder


def picture(path: Path, value: int, size: tuple[int, int] = (3, 2), mode: str = "L") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, value if mode == "L" else (value, value + 1, value + 2)).save(path)


def test_one_split(tmp_path: Path) -> None:
    for label, kind in enumerate(("cat", "dog", "emu")):
        for i in range(2):
            picture(tmp_path / kind / f"{i}.png", 10 * label + i)
    (tmp_path / "cat" / "notes.txt").write_text("not an image")
    (tmp_path / "empty").mkdir()
    dataset = load_folder(tmp_path)
    assert (dataset.train, dataset.classes, dataset.name) == (None, 3, tmp_path.name)
    assert dataset.test.images.shape == (6, 1, 2, 3)
    assert dataset.test.images[:, 0, 0, 0].tolist() == [0, 1, 10, 11, 20, 21]
    assert dataset.test.labels.tolist() == [0, 0, 1, 1, 2, 2]


def test_train_and_test(tmp_path: Path) -> None:
    for part, count in (("train", 10), ("test", 3)):
        for label, kind in enumerate(("cat", "dog")):
            for i in range(count):
                picture(tmp_path / part / kind / f"{i}.png", 100 * label + i)
    dataset = load_folder(tmp_path)
    train, validation = dataset.selection()
    assert (len(train), len(validation), len(dataset.test), dataset.classes) == (18, 2, 6, 2)


def test_colour_is_channels_first_rgb(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (4, 5, 3), dtype=np.uint8)
    (tmp_path / "a").mkdir()
    Image.fromarray(pixels).save(tmp_path / "a" / "x.png")
    dataset = load_folder(tmp_path)
    assert torch.equal(dataset.test.images[0], torch.from_numpy(pixels).permute(2, 0, 1))


def test_grey_among_coloured_becomes_coloured(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "grey.png", 7)
    picture(tmp_path / "a" / "rgb.JPG", 8, mode="RGB")
    images = load_folder(tmp_path).test.images
    assert images.shape == (2, 3, 2, 3)
    assert images[0].unique().tolist() == [7]


def test_another_size_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", 0)
    picture(tmp_path / "b" / "2.png", 0, size=(5, 4))
    with pytest.raises(ValueError, match=r"2\.png is 5 x 4 pixels, .*1\.png 3 x 2: all images must have one size"):
        load_folder(tmp_path)


@pytest.mark.parametrize("twentieth", range(19))
def test_a_truncated_image_gives_one_line_with_the_path(tmp_path: Path, twentieth: int) -> None:
    path = tmp_path / "a" / "1.png"
    path.parent.mkdir()
    noise = np.random.default_rng(0).integers(0, 256, (20, 20), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * twentieth // 20])
    with pytest.raises(ValueError, match=rf"{path} is not a readable image") as caught:
        load_folder(tmp_path)
    assert "\n" not in str(caught.value)


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "secret.png", 0)
    inside = tmp_path / "set" / "a"
    inside.mkdir(parents=True)
    (inside / "x.png").symlink_to(tmp_path / "secret.png")
    with pytest.raises(ValueError, match=r"x\.png leads out of"):
        load_folder(tmp_path / "set")


def test_a_link_within_the_folder_is_followed(tmp_path: Path) -> None:
    picture(tmp_path / "a" / "1.png", 5)
    (tmp_path / "a" / "2.png").symlink_to(tmp_path / "a" / "1.png")
    assert len(load_folder(tmp_path).test) == 2


def test_a_folder_without_images_says_what_is_expected(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"expected .*/<class>/\*\.png"):
        load_folder(tmp_path)


@pytest.mark.parametrize(("present", "missing"), [("train", "test"), ("test", "train")])
def test_one_of_train_and_test_is_not_enough(tmp_path: Path, present: str, missing: str) -> None:
    picture(tmp_path / present / "a" / "1.png", 0)
    with pytest.raises(FileNotFoundError, match=f"has a folder '{present}' but none for '{missing}'"):
        load_folder(tmp_path)


def test_a_class_only_in_test_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "train" / "a" / "1.png", 0)
    picture(tmp_path / "test" / "b" / "1.png", 0)
    with pytest.raises(ValueError, match="has the class 'b'"):
        load_folder(tmp_path)
