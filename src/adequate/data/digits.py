"""The digits that come with scikit-learn: the data set that is always there."""

import torch
from torch import Generator

from adequate.data.dataset import Dataset
from adequate.data.split import Split

TEST_FRACTION = 0.2
"""Of the images, held out for the test (our choice)."""


def load_digits() -> Dataset:
    """1,797 handwritten digits, (N, 1, 8, 8) uint8 of 0..16: 1,294 train, 144 validation, 359 test.

    The split is drawn from seed 0 and never changes. Source: scikit-learn's ``load_digits``, the test part of the UCI
    set "Optical recognition of handwritten digits" (Alpaydin and Kaynak, 1998).
    """
    from sklearn.datasets import load_digits as bundled  # here, since the import takes a second

    pixels, target = bundled(return_X_y=True)
    images = torch.as_tensor(pixels).to(torch.uint8).reshape(-1, 1, 8, 8)
    labels = torch.as_tensor(target).to(torch.int64)
    generator = Generator().manual_seed(0)
    train, test = Split(images, labels, None, "train").split(TEST_FRACTION, generator)
    test = Split(test.images, test.labels, None, "test")
    return Dataset.holding_out("digits", 10, train, test, generator)
