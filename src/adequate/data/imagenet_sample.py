"""A thousand photographs, one of each ImageNet class, in an archive."""

import csv
import io
import tarfile
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from adequate.data.dataset import Dataset
from adequate.data.split import Split

ARCHIVE, INDEX = "images.tar", "index.csv"
CLASSES = 1_000
SIDE = 256
"""Pixels: photographs come resized and cropped to a square."""
LARGEST = 2**20
"""Bytes that a picture of this size may take, at most (assumed; uncompressed it has 2**17.6)."""


def holds_sample(folder: Path) -> bool:
    """Whether the folder has the archive or its index."""
    return any((folder / name).is_file() for name in (ARCHIVE, INDEX))


def load_sample(folder: Path, name: str = "imagenet-sample") -> Dataset:
    """The data set in a folder of ``images.tar`` (``images/<wnid>.jpg``) and ``index.csv`` (class and wnid).

    One split of images (N, 3, 256, 256) uint8, RGB, in the order of the index, and 1,000 classes. Nothing is unpacked
    to disk. Networks crop them as they were trained (``Preprocessing.crop``).
    Source: ILSVRC 2012's classes in the order of their WordNet numbers; one photograph of each.

    Raises:
        FileNotFoundError: a file is missing.
        ValueError: the archive or a picture is corrupt, or of another size; an entry of the index has no picture.
    """
    labels = _index(folder / INDEX)
    images = torch.empty(len(labels), 3, SIDE, SIDE, dtype=torch.uint8)
    found = set[str]()
    path = folder / ARCHIVE
    if not path.is_file():
        raise FileNotFoundError(f"no {ARCHIVE} in {folder}")
    places = {wnid: place for place, wnid in enumerate(labels)}
    try:
        with tarfile.open(path, "r:") as archive:
            for member in archive:
                wnid = Path(member.name).stem
                if not member.isfile() or wnid not in places:
                    continue
                images[places[wnid]] = _picture(archive, member, path)
                found.add(wnid)
    except tarfile.TarError as error:
        raise ValueError(f"{path} is truncated or corrupt: {error}") from error
    missing = [wnid for wnid in labels if wnid not in found]
    if missing:
        raise ValueError(f"{path} has no picture of {len(missing)} entries of {INDEX} ({missing[0]} is the first)")
    test = Split(images, torch.tensor(list(labels.values())), None, "test")
    return Dataset(name, CLASSES, None, None, test)


def _index(path: Path) -> dict[str, int]:
    """Class by wnid, in the order of the file."""
    if not path.is_file():
        raise FileNotFoundError(f"no {path.name} in {path.parent}")
    labels: dict[str, int] = {}
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
        for number, row in enumerate(rows, 2):
            wnid, label = row["wnid"], int(row["class_index"])
            if not wnid or wnid in labels or not 0 <= label < CLASSES:
                raise ValueError(f"line {number} has class {label} and wnid {wnid!r}")
            labels[wnid] = label
    except (csv.Error, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{path} is corrupt: {error}") from error
    if not labels:
        raise ValueError(f"{path} lists no images")
    return labels


def _picture(archive: tarfile.TarFile, member: tarfile.TarInfo, path: Path) -> Tensor:
    """One picture, (3, 256, 256) uint8."""
    try:
        stream = archive.extractfile(member)
        if stream is None or member.size > LARGEST:
            raise ValueError(f"{member.size} bytes")
        with Image.open(io.BytesIO(stream.read())) as picture:
            if picture.size != (SIDE, SIDE):
                raise ValueError(f"{picture.width} x {picture.height} pixels, not {SIDE} x {SIDE}")
            pixels = np.array(picture.convert("RGB"))
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(f"{member.name} in {path} is not a readable image: {error}") from error
    return torch.from_numpy(pixels).permute(2, 0, 1)
