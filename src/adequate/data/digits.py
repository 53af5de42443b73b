"""The digits that come with scikit-learn: the data set that is always there."""

from importlib.metadata import distribution

import numpy as np
import torch
from torch import Generator

from adequate.data.dataset import Dataset
from adequate.data.split import Split

TEST_FRACTION = 0.2
"""Of the images, held out for the test (our choice)."""

FILE = "sklearn/datasets/data/digits.csv.gz"
"""In its distribution: importing scikit-learn to read it takes seconds, of every command."""


def load_digits() -> Dataset:
    """1,797 handwritten digits, (N, 1, 8, 8) uint8 of 0..16: 1,294 train, 144 validation, 359 test.

    The split is drawn from seed 0 and never changes. Source: scikit-learn's ``load_digits``, the test part of the UCI
    set "Optical recognition of handwritten digits" (Alpaydin and Kaynak, 1998).
    """
    file = str(distribution("scikit-learn").locate_file(FILE))
    rows = torch.from_numpy(np.loadtxt(file, np.uint8, delimiter=","))
    images, labels = rows[:, :-1].reshape(-1, 1, 8, 8), rows[:, -1].long()
    generator = Generator().manual_seed(0)
    train, test = Split(images, labels, None, "train").split(TEST_FRACTION, generator)
    test = Split(test.images, test.labels, None, "test")
    return Dataset.holding_out("digits", 10, train, test, generator)
