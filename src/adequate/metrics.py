"""What one image's answer is worth: functions of (logits, labels) that give one number per image."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional


@dataclass(frozen=True, slots=True)
class Metric:
    """A named score per image: ``metric(logits (N, classes), labels (N,)) -> (N,)``, float64.

    ``proportion`` says that the values are 0 or 1, so that their mean is a share of the images.

    >>> import torch
    >>> top1(torch.tensor([[0.1, 0.9], [0.8, 0.2]]), torch.tensor([1, 1])).tolist()
    [1.0, 0.0]
    """

    name: str
    per_image: Callable[[Tensor, Tensor], Tensor]
    proportion: bool

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        return self.per_image(logits, labels)


def _rank(logits: Tensor, labels: Tensor) -> Tensor:
    """How many classes come before the label's; few bits make equal logits common, and the first of them leads."""
    own = logits.gather(1, labels[:, None])
    earlier = torch.arange(logits.shape[1], device=logits.device) < labels[:, None]
    return ((logits > own) | ((logits == own) & earlier)).sum(dim=1)


def _leads(logits: Tensor, labels: Tensor) -> Tensor:
    return (_rank(logits, labels) < 1).to(torch.float64)


def _among_five(logits: Tensor, labels: Tensor) -> Tensor:
    return (_rank(logits, labels) < 5).to(torch.float64)


def _cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return functional.cross_entropy(logits.to(torch.float64), labels, reduction="none")


top1 = Metric("top1", _leads, proportion=True)
"""1 where the largest logit is the label's; of equal logits the first counts."""

top5 = Metric("top5", _among_five, proportion=True)
"""1 where the label's logit is among the five largest (with fewer than five classes always)."""

cross_entropy = Metric("cross_entropy", _cross_entropy, proportion=False)
"""-log softmax(logits)[label], in nats."""

METRICS = (top1, top5, cross_entropy)
