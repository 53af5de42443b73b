"""A data set: what is learnt from, what is chosen on and what is reported on."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Self

from torch import Generator, Tensor

from adequate.data.split import Split

VALIDATION = 5_000
"""Images held out of a large training set."""

CALIBRATION = 1_000
"""Training images on which ranges are measured."""


@dataclass(frozen=True, eq=False)
class Dataset:
    """Three splits over labels 0 .. classes - 1.

    ``train`` is learnt from, ``validation`` chosen on, ``test`` reported on. A data set that came as one split has
    only ``test``; ``halved`` makes the others out of it.

    Raises:
        ValueError: a label beyond the classes, splits of different image shapes, or only one of ``train`` and
            ``validation``.
    """

    name: str
    classes: int
    train: Split | None
    validation: Split | None
    test: Split

    def __post_init__(self) -> None:
        if (self.train is None) != (self.validation is None):
            raise ValueError(f"data set {self.name!r} needs both train and validation, or neither")
        for split in (self.train, self.validation, self.test):
            if split is None:
                continue
            if int(split.labels.max()) >= self.classes:
                raise ValueError(
                    f"label {int(split.labels.max())} at {int(split.labels.argmax())} of {self.name!r} {split.name!r} "
                    f"is outside 0..{self.classes - 1}"
                )
            if split.images.shape[1:] != self.test.images.shape[1:]:
                raise ValueError(
                    f"images of {self.name!r} differ in shape: {split.name!r} {tuple(split.images.shape[1:])}, "
                    f"'test' {tuple(self.test.images.shape[1:])}"
                )

    @classmethod
    def holding_out(cls, name: str, classes: int, train: Split, test: Split, generator: Generator) -> Self:
        """A data set whose validation images come out of ``train``.

        They are its last 5,000 where that is at most a tenth of it, else a tenth drawn from ``generator``.
        """
        if len(train) >= 10 * VALIDATION:
            kept = replace(train, images=train.images[:-VALIDATION], labels=train.labels[:-VALIDATION])
            held = replace(train, images=train.images[-VALIDATION:], labels=train.labels[-VALIDATION:])
        else:
            kept, held = train.split(0.1, generator)
        return cls(name, classes, kept, replace(held, name="validation"), test)

    def selection(self) -> tuple[Split, Split]:
        """``(train, validation)``: what anything that chooses a design may see.

        Raises:
            ValueError: the data set has one split; choosing on the images that are reported on would flatter.
        """
        if self.train is None or self.validation is None:
            raise ValueError(
                f"data set {self.name!r} has one split, and a design must not be chosen on the images it is reported "
                "on: give train and test images, or a split seed that halves it"
            )
        return self.train, self.validation

    def calibration(self, generator: Generator) -> Split:
        """1,000 training images drawn from ``generator`` (all, where there are fewer) to measure ranges on.

        A data set of one split gives images of that split.
        """
        source = self.test if self.train is None else self.train
        return replace(source.sample(min(CALIBRATION, len(source)), generator), name="calibration")

    def halved(self, generator: Generator) -> Self:
        """The data set with its ``test`` split cut in two: one half stays, the other becomes train and validation.

        Raises:
            ValueError: there is a training set already, or too few images to cut.
        """
        if self.train is not None:
            raise ValueError(f"data set {self.name!r} already has train and validation images")
        if len(self.test) < 4:
            raise ValueError(f"data set {self.name!r} has {len(self.test)} images; halving it takes at least 4")
        train, test = self.test.split(0.5, generator)
        return self.holding_out(self.name, self.classes, replace(train, name="train"), test, generator)

    def with_transform(self, transform: Callable[[Tensor], Tensor] | None) -> Self:
        """The same data set, every split prepared by ``transform``."""
        train, validation, test = (
            split if split is None else split.with_transform(transform)
            for split in (self.train, self.validation, self.test)
        )
        assert test is not None
        return replace(self, train=train, validation=validation, test=test)
