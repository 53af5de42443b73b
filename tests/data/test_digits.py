"""The digits that are always there."""

from collections import Counter

import torch
from sklearn import datasets

from adequate.data.digits import load_digits


def test_sizes_and_range() -> None:
    dataset = load_digits()
    train, validation = dataset.selection()
    assert (len(train), len(validation), len(dataset.test), dataset.classes) == (1294, 144, 359, 10)
    images = torch.cat([split.images for split in (train, validation, dataset.test)])
    assert images.dtype == torch.uint8
    assert images.shape == (1797, 1, 8, 8)
    assert (int(images.min()), int(images.max())) == (0, 16)


def test_every_class_is_in_every_split() -> None:
    dataset = load_digits()
    for split in (*dataset.selection(), dataset.test):
        assert len(split.labels.unique()) == 10


def test_the_split_never_changes() -> None:
    one, two = load_digits(), load_digits()
    for a, b in zip((*one.selection(), one.test), (*two.selection(), two.test), strict=True):
        assert a.digest == b.digest


def test_images_and_labels_are_scikit_learns() -> None:
    pixels, target = datasets.load_digits(return_X_y=True)
    bundled = Counter((row.astype("uint8").tobytes(), int(label)) for row, label in zip(pixels, target, strict=True))
    dataset = load_digits()
    ours: Counter[tuple[bytes, int]] = Counter()
    for split in (*dataset.selection(), dataset.test):
        images = split.images.numpy()
        ours.update((image.tobytes(), int(label)) for image, label in zip(images, split.labels, strict=True))
    assert ours == bundled
