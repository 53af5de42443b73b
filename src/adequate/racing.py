"""Is a design within a margin of its reference? Decided on as few images as the question needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

import torch
from torch import Tensor, nn

from adequate.metrics import Metric, top1

LARGEST_STAKE = 0.5
"""The share of what could ruin a gambler that is bet at most (our choice)."""


@dataclass(frozen=True, slots=True)
class Race:
    """How a race ended: whether the loss is ``within`` the margin, and after how many of ``of`` images.

    ``difference`` is the mean, over the images that were seen, of the reference's score minus the design's.
    """

    within: bool
    images: int
    of: int
    difference: float


def race(
    module: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    reference: Tensor,
    *,
    margin: float,
    error: float = 0.05,
    metric: Metric = top1,
) -> Race:
    """Whether the mean loss against ``reference`` over all images is at most ``margin`` points, image by image.

    ``reference`` (N,) has the reference's score of every image in the order of ``batches``, which has to be a random
    one, drawn before: then the decision differs from that of all N images with a probability of at most ``error``,
    however often it is looked at. Batches are no longer asked for once it is decided. The score lies in 0..1.

    Raises:
        ValueError: fewer or more images than reference scores, or an ``error`` outside 0..1.
    """
    bet = Bet.on(margin, len(reference), error)
    held = next(chain(module.parameters(), module.buffers()), None)
    with torch.no_grad():
        for images, labels in batches:
            x, y = (images, labels) if held is None else (images.to(held.device), labels.to(held.device))
            seen = bet.images
            known = reference[seen : seen + len(y)]
            if len(known) < len(y):
                raise ValueError(f"more images than the {len(reference)} that the reference was scored on")
            scores = metric(module(x), y).cpu()
            for loss in (known - scores).tolist():
                if bet.learn(loss) is not None:
                    return Race(bet.decided is True, bet.images, bet.of, bet.total / bet.images)
    raise ValueError(f"{bet.images} images for {len(reference)} scores of the reference")


@dataclass
class Bet:
    """Two gamblers against the two answers; the one whose capital reaches 1 / error wins.

    One bets that the mean loss d over the ``of`` images is at most the margin m, the other that it is more. At every
    image, drawn without replacement, the capital is multiplied by 1 + b (m' - d), the bet b having been chosen before
    d was seen and m' being the mean of the losses that are left if the overall mean is just m. Under the other's
    answer a capital is a non-negative supermartingale, which reaches 1 / error with a probability of at most error
    (Ville's inequality). The bet is the mean over the variance of what was seen, kept within ``LARGEST_STAKE`` of what
    could ruin. Where the losses that are left cannot change the answer, it is known.

    Source: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting", J. R. Stat. Soc. B 86,
    2024 (the approximate growth-rate rule), and "Confidence sequences for sampling without replacement", NeurIPS 2020.
    """

    margin: float
    """In score, not in points; a loss of exactly so much is within."""
    of: int
    error: float
    images: int = 0
    total: float = 0.0
    decided: bool | None = None
    _squares: float = 0.0
    _for: float = 1.0
    _against: float = 1.0

    @staticmethod
    def on(points: float, of: int, error: float) -> "Bet":
        """A bet on a margin in points.

        Raises:
            ValueError: an ``error`` outside 0..1, or no images.
        """
        if not 0 < error < 1:
            raise ValueError(f"error is {error}; it is a probability between 0 and 1")
        if not of:
            raise ValueError("no images to race on")
        return Bet(points / 100 + 1e-9, of, error)

    def learn(self, loss: float) -> bool | None:
        """Takes one image's loss in -1..1; returns the answer once there is one.

        Raises:
            ValueError: the loss is outside -1..1.
        """
        if not -1 <= loss <= 1:
            raise ValueError(f"a loss of {loss}: races are about scores in 0..1")
        left = self.of - self.images
        # Whether the mean is m or beyond it, the means of what is left are these or beyond.
        expected = (self.of * self.margin - self.total) / left
        mean = self.total / (self.images + 1)
        variance = (0.25 + self._squares) / (self.images + 1)
        growth = (expected - mean) / (variance + (expected - mean) ** 2)
        if abs(expected) < 1:
            self._for *= 1 + min(max(growth, 0.0), LARGEST_STAKE / (1 - expected)) * (expected - loss)
            self._against *= 1 + min(max(-growth, 0.0), LARGEST_STAKE / (1 + expected)) * (loss - expected)
        self.images += 1
        self.total += loss
        self._squares += (loss - mean) ** 2
        self.decided = self._answer()
        return self.decided

    def _answer(self) -> bool | None:
        left, wanted = self.of - self.images, self.of * self.margin
        if self.total + left <= wanted:
            return True
        if self.total - left > wanted:
            return False
        if max(self._for, self._against) < 1 / self.error:
            return None
        return self._for > self._against


def simulated(losses: Tensor, *, margin: float, error: float = 0.05) -> Race:
    """The race over losses that are known already, in this order: what ``race`` would have said."""
    bet = Bet.on(margin, len(losses), error)
    for loss in losses.tolist():
        if bet.learn(loss) is not None:
            return Race(bet.decided is True, bet.images, bet.of, bet.total / bet.images)
    raise AssertionError("the last image leaves no doubt")
