"""Images in folders, one folder a class."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Generator, Tensor

from adequate.data.dataset import Dataset
from adequate.data.split import Split

SUFFIXES = (".png", ".jpg", ".jpeg")


def load_folder(root: Path) -> Dataset:
    """The data set in ``root/<class>/*.png|jpg``, or in ``root/train/<class>`` and ``root/test/<class>``.

    Classes are numbered in the order of their names, those of train where there is one. Images are (N, C, H, W)
    uint8, C = 1 where every one is grey, else 3; all must have one size. Without train and test folders the set has
    one split. Links that lead out of ``root`` are refused.

    Raises:
        FileNotFoundError: no image is found, or train or test is missing.
        ValueError: an image is corrupt or of another size, a link leads out, or test has a class train has not.
    """
    parts = {part: root / part for part in ("train", "test") if (root / part).is_dir()}
    if not parts:
        classes = _classes(root)
        return Dataset(root.name, len(classes), None, None, _read(root, root, classes, "test"))
    if len(parts) == 1:
        [present] = parts
        raise FileNotFoundError(
            f"{root} has a folder {present!r} but none for {({'train', 'test'} - {present}).pop()!r}"
        )
    classes = _classes(parts["train"])
    unknown = [name for name in _classes(parts["test"]) if name not in classes]
    if unknown:
        raise ValueError(f"{parts['test']} has the class {unknown[0]!r}, which {parts['train']} has not")
    train, test = (_read(root, folder, classes, part) for part, folder in parts.items())
    if train.images.shape[1] != test.images.shape[1]:
        raise ValueError(f"the images of one of {parts['train']} and {parts['test']} are grey, of the other in colour")
    return Dataset.holding_out(root.name, len(classes), train, test, Generator().manual_seed(0))


def _classes(folder: Path) -> list[str]:
    found = sorted(path.name for path in folder.iterdir() if path.is_dir() and _images(path))
    if not found:
        raise FileNotFoundError(f"no images in {folder}: expected {folder}/<class>/*.png or *.jpg")
    return found


def _images(folder: Path) -> list[Path]:
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def _read(root: Path, folder: Path, classes: list[str], name: str) -> Split:
    paths = [(path, label) for label, kind in enumerate(classes) for path in _found(folder / kind)]
    pictures = [_open(path, root) for path, _ in paths]
    mode = "L" if all(picture.mode == "L" for picture in pictures) else "RGB"
    images = [_tensor(picture, mode) for picture in pictures]
    for (path, _), image in zip(paths, images, strict=True):
        if image.shape != images[0].shape:
            height, width = image.shape[1:]
            raise ValueError(
                f"{path} is {width} x {height} pixels, {paths[0][0]} {images[0].shape[2]} x {images[0].shape[1]}: "
                "all images must have one size"
            )
    return Split(torch.stack(images), torch.tensor([label for _, label in paths]), None, name)


def _found(folder: Path) -> list[Path]:
    return _images(folder) if folder.is_dir() else []


def _open(path: Path, root: Path) -> Image.Image:
    if not path.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{path} leads out of {root}")
    try:
        with Image.open(path) as picture:
            picture.load()
            return picture
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{path} is not a readable image: {error}") from error


def _tensor(picture: Image.Image, mode: str) -> Tensor:
    pixels = np.array(picture.convert(mode), dtype=np.uint8)
    return torch.from_numpy(pixels.reshape(picture.height, picture.width, -1)).permute(2, 0, 1).contiguous()
