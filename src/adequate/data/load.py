"""Where data sets are found."""

import os
from collections.abc import Callable
from pathlib import Path

from adequate.data.callable import load_callable
from adequate.data.cifar10 import TEST_FILE, TRAIN_FILES, holds_cifar10, load_cifar10
from adequate.data.dataset import Dataset
from adequate.data.digits import load_digits
from adequate.data.folder import load_folder
from adequate.data.imagenet_sample import ARCHIVE, INDEX, holds_sample, load_sample
from adequate.data.mnist import FILES, holds_idx, load_idx
from adequate.storage import cache_folder

DATASETS = ("mnist", "fashion-mnist", "cifar10", "imagenet-sample", "digits")
"""Names ``load`` knows; the last comes with the package."""

READERS: dict[str, tuple[Callable[[Path], bool], Callable[[Path, str], Dataset]]] = {
    "cifar10": (holds_cifar10, load_cifar10),
    "imagenet-sample": (holds_sample, load_sample),
}
"""Whether a folder holds a named set, and what reads it; the others are IDX files."""

ENVIRONMENT = "ADEQUATE_DATA"
"""The variable that names the folder of data sets."""


def load(name_or_path: str, data_dir: Path | str | None = None) -> Dataset:
    """A data set by name, by folder or by ``module:callable``.

    A named set lies in the folder of its name (``-`` or ``_``) under ``data_dir`` or in ``data_dir`` itself; without
    ``data_dir``, under the folder in ``ADEQUATE_DATA``, else under the user's cache (``~/.cache/adequate``). A path
    may hold IDX files, CIFAR-10's binary files, the ImageNet sample's archive or one folder of images a class.

    >>> len(load("digits").test)
    359

    Raises:
        FileNotFoundError: nothing of that name; the message says where it was looked for and what is expected there.
        ValueError: the files are truncated or corrupt, or a callable does not give a data set.
    """
    if name_or_path == "digits":
        return load_digits()
    if name_or_path in DATASETS:
        return _named(name_or_path, data_dir)
    path = Path(name_or_path)
    if path.is_dir():
        return _folder(path)
    if ":" in name_or_path:
        return load_callable(name_or_path)
    raise FileNotFoundError(
        f"no data set {name_or_path!r}: neither a folder nor module:callable nor one of {', '.join(DATASETS)}"
    )


def _folder(path: Path) -> Dataset:
    if holds_idx(path):
        return load_idx(path, path.name)
    if holds_cifar10(path):
        return load_cifar10(path, path.name)
    if holds_sample(path):
        return load_sample(path, path.name)
    return load_folder(path)


def _named(name: str, data_dir: Path | str | None) -> Dataset:
    holds, read = READERS.get(name, (holds_idx, load_idx))
    looked_in = places(name, data_dir)
    for place in looked_in:
        if holds(place):
            return read(place, name)
    looked = ", ".join(str(place) for place in looked_in)
    raise FileNotFoundError(f"data set {name!r} not found in {looked}; {_expected(name, looked_in)}")


def places(name: str, data_dir: Path | str | None) -> tuple[Path, ...]:
    """The folders in which what has a name is looked for, best first."""
    if data_dir is not None:
        roots, itself = [Path(data_dir)], [Path(data_dir)]
    else:
        roots, itself = [Path(root) for root in (os.environ.get(ENVIRONMENT),) if root] + [cache_folder()], []
    names = dict.fromkeys((name, name.replace("-", "_")))
    return (*(root / folder for root in roots for folder in names), *itself)


def _expected(name: str, places: tuple[Path, ...]) -> str:
    if name == "imagenet-sample":
        return f"expected there: {ARCHIVE} and {INDEX}"
    if name != "cifar10":
        return f"expected there: {', '.join(FILES)}, each plain or .gz"
    expected = f"expected there: the standard binary files {TRAIN_FILES[0]} to {TRAIN_FILES[-1]} and {TEST_FILE}"
    packed = next((place for place in places if any(place.glob("*.u8delta.xz"))), None)
    if packed is None:
        return expected
    return f"{expected} ({packed} holds packed ones, which {packed.parent / 'unpack_cifar10.py'} FOLDER unpacks)"
