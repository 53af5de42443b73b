"""The score of a network on data, with its uncertainty."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import torch
from torch import Tensor, nn

from adequate.metrics import Metric, top1

Z = 1.959963984540054
"""Two-sided 95 % quantile of the normal distribution."""


class Score(float):
    """The mean of a metric over images: a plain float that knows how certain it is.

    ``interval`` holds the true mean in 95 of 100 samples of as many images; ``metric`` is the metric's name.
    """

    __slots__ = ("images", "interval", "metric")
    images: int
    interval: tuple[float, float]
    metric: str

    def __new__(cls, value: float, images: int, interval: tuple[float, float], metric: str = "top1") -> "Score":
        score = super().__new__(cls, value)
        for name, held in (("images", images), ("interval", interval), ("metric", metric)):
            object.__setattr__(score, name, held)
        return score

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"a Score cannot be changed ({name} = {value!r})")

    def __reduce__(self) -> tuple[Any, ...]:
        return Score, (float(self), self.images, self.interval, self.metric)

    def __repr__(self) -> str:
        low, high = self.interval
        return f"Score({float(self)!r}, {self.metric} of {self.images} images, 95 % in {low:.4f}..{high:.4f})"


def wilson(successes: int, images: int) -> tuple[float, float]:
    """95 % interval of a proportion (Wilson 1927, J. Am. Stat. Assoc. 22(158), 209-212).

    (p + z^2/2n -+ z sqrt(p (1 - p)/n + z^2/4n^2)) / (1 + z^2/n), with p = successes/n.

    >>> low, high = wilson(9905, 10_000)
    >>> f"{low:.4f} {high:.4f}"
    '0.9884 0.9922'
    """
    p, n = successes / images, images
    centre = p + Z**2 / (2 * n)
    half = Z * math.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    low, high = (centre - half) / (1 + Z**2 / n), (centre + half) / (1 + Z**2 / n)
    return (0.0 if successes == 0 else low), (1.0 if successes == images else high)


def proportion(successes: int, images: int, metric: str = "top1") -> Score:
    """The score of a metric that is 0 or 1 for each image, from counts."""
    return Score(successes / images, images, wilson(successes, images), metric)


def evaluate(
    module: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    metric: Metric = top1,
    *,
    progress: Callable[[int], None] | None = None,
) -> Score:
    """The mean of ``metric`` over all images, run in evaluation mode; the module's mode is restored.

    ``batches`` yields (images (N, ...), labels (N,)). ``progress`` is told how many images are done after every batch.

    Raises:
        ValueError: no images, a label that is no class, logits that are NaN or not (N, classes).
    """
    return evaluate_all(module, batches, (metric,), progress=progress)[metric.name]


def evaluate_all(
    module: nn.Module,
    batches: Iterable[tuple[Tensor, Tensor]],
    metrics: Sequence[Metric],
    *,
    progress: Callable[[int], None] | None = None,
) -> dict[str, Score]:
    """The scores of several metrics by name, from one pass over the images; otherwise as ``evaluate``.

    Raises:
        ValueError: as ``evaluate``.
    """
    values: dict[str, list[float]] = {metric.name: [] for metric in metrics}
    done = 0
    with _inference(module):
        held = next(chain(module.parameters(), module.buffers()), None)
        for images, labels in batches:
            x, y = (images, labels) if held is None else (images.to(held.device), labels.to(held.device))
            logits = module(x)
            _check(logits, y, done)
            for metric in metrics:
                values[metric.name] += metric(logits, y).tolist()
            done += len(y)
            if progress is not None:
                progress(done)
    if not done:
        raise ValueError("no images to evaluate on")
    return {metric.name: _score(values[metric.name], metric) for metric in metrics}


@contextmanager
def _inference(module: nn.Module) -> Iterator[None]:
    modes = {one: one.training for one in module.modules()}
    module.eval()
    try:
        with torch.no_grad():
            yield
    finally:
        module.train(modes[module])
        for one, mode in modes.items():
            one.training = mode


def _check(logits: Tensor, labels: Tensor, first: int) -> None:
    """Refuses what no metric can score; ``first`` is the number of the batch's first image."""
    if logits.dim() != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"{tuple(labels.shape)} labels for outputs of shape {tuple(logits.shape)}; "
            "wanted are outputs (N, classes) and N labels"
        )
    classes = logits.shape[1]
    outside = (labels < 0) | (labels >= classes)
    if outside.any():
        index = int(outside.nonzero()[0])
        raise ValueError(
            f"label {int(labels[index])} of image {first + index} is none of the network's {classes} classes "
            f"(0 to {classes - 1})"
        )
    undefined = logits.isnan().any(dim=1)
    if undefined.any():
        raise ValueError(f"the network's output for image {first + int(undefined.nonzero()[0])} is NaN")


def _score(values: list[float], metric: Metric) -> Score:
    """The mean and its interval: Wilson's, or mean -+ z s / sqrt(n) with s the standard deviation over images.

    ``fsum`` is exactly rounded, so neither batch size nor order changes the score.
    """
    n = len(values)
    total = math.fsum(values)
    if math.isnan(total):
        raise ValueError(f"{metric.name} of image {next(i for i, v in enumerate(values) if math.isnan(v))} is NaN")
    mean = total / n
    if metric.proportion:
        return proportion(round(total), n, metric.name)
    deviation = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (n - 1)) if n > 1 else math.inf
    half = Z * deviation / math.sqrt(n)
    return Score(mean, n, (mean - half, mean + half), metric.name)
