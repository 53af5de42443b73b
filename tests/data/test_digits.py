"""The digits that are always there."""

import torch

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
