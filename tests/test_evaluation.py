"""Scores: their values, their intervals, and what is refused."""

import copy
import math
import pickle
from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from adequate.evaluation import Score, evaluate, evaluate_all, wilson
from adequate.metrics import METRICS, Metric, cross_entropy, top1, top5

Batches = list[tuple[Tensor, Tensor]]


class Given(nn.Module):
    """Hands its input through as logits."""

    def forward(self, x: Tensor) -> Tensor:
        return x


def batches(logits: Tensor, labels: Tensor, size: int = 7) -> Batches:
    return list(zip(logits.split(size), labels.split(size), strict=True))


def random_data(images: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randint(-3, 4, (images, classes), generator=generator).float()  # few values, so ties are common
    return logits, torch.randint(classes, (images,), generator=generator)


@pytest.mark.parametrize(("metric", "places"), [(top1, 1), (top5, 5)])
@pytest.mark.parametrize("classes", [1, 3, 10])
def test_top_k_is_a_stable_sort_by_hand(metric: Metric, places: int, classes: int) -> None:
    logits, labels = random_data(200, classes, seed=classes)
    for row, label, value in zip(logits.tolist(), labels.tolist(), metric(logits, labels).tolist(), strict=True):
        ordered = sorted(range(classes), key=[-value for value in row].__getitem__)
        assert value == (label in ordered[:places])


def test_cross_entropy_by_hand() -> None:
    logits = torch.tensor([[1.0, 2.0, 3.0], [0.0, 0.0, 0.0]])
    first = -math.log(math.exp(1) / (math.exp(1) + math.exp(2) + math.exp(3)))
    assert cross_entropy(logits, torch.tensor([0, 2])).tolist() == pytest.approx([first, math.log(3)], rel=1e-15)


def test_the_score_does_not_depend_on_batches() -> None:
    logits, labels = random_data(101, 10, seed=0)
    scores = [evaluate_all(Given(), batches(logits, labels, size), METRICS) for size in (1, 8, 101)]
    assert scores[0] == scores[1] == scores[2]
    assert scores[0]["top1"] == evaluate(Given(), batches(logits, labels))
    assert scores[0]["top1"] == int(top1(logits, labels).sum()) / 101


@given(n=st.integers(1, 400), data=st.data())
def test_wilson_solves_its_equation(n: int, data: st.DataObject) -> None:
    """The ends are the p at which the observed share is z standard errors of p away: (s/n - p)^2 = z^2 p(1-p)/n."""
    s = data.draw(st.integers(0, n))
    low, high = wilson(s, n)
    assert 0 <= low <= s / n <= high <= 1
    assert (low == 0) == (s == 0)
    assert (high == 1) == (s == n)
    for p in (low, high):
        distance = (Fraction(s, n) - Fraction(p)) ** 2
        assert float(distance) == pytest.approx(1.959963984540054**2 * p * (1 - p) / n, abs=1e-12)


def test_interval_of_a_mean_by_hand() -> None:
    logits = torch.tensor([[0.0, 0.0], [0.0, math.log(3)]], dtype=torch.float64)
    score = evaluate(Given(), [(logits, torch.tensor([0, 0]))], cross_entropy)
    a, b = math.log(2), math.log(4)
    half = 1.959963984540054 * (b - a) / math.sqrt(2) / math.sqrt(2)  # the deviation of two values is |b - a| / sqrt(2)
    assert score == pytest.approx((a + b) / 2)
    assert score.interval == pytest.approx(((a + b) / 2 - half, (a + b) / 2 + half))
    assert evaluate(Given(), [(logits[:1], torch.tensor([0]))], cross_entropy).interval == (-math.inf, math.inf)


def test_a_score_is_an_immutable_float() -> None:
    score = Score(0.5, 10, wilson(5, 10))
    assert score + 0.25 == 0.75
    assert f"{score:.2f}" == "0.50"
    assert repr(score) == "Score(0.5, top1 of 10 images, 95 % in 0.2366..0.7634)"
    for twin in (copy.deepcopy(score), pickle.loads(pickle.dumps(score))):
        assert (twin, twin.images, twin.interval, twin.metric) == (0.5, 10, score.interval, "top1")
    with pytest.raises(AttributeError, match="cannot be changed"):
        score.images = 3


def test_modes_are_restored_and_no_gradient_is_kept() -> None:
    class Noting(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Dropout(0.5), nn.Linear(4, 4))
            self.seen: list[bool] = []

        def forward(self, x: Tensor) -> Tensor:
            y = self.inner(x)
            self.seen += [self.training, self.inner[0].training, y.requires_grad]
            return y

    module = Noting().train()
    module.inner[0].eval()
    evaluate(module, [(torch.ones(2, 4), torch.tensor([0, 1]))])
    assert module.seen == [False, False, False]
    assert [one.training for one in (module, module.inner, module.inner[0], module.inner[1])] == [
        True,
        True,
        False,
        True,
    ]
    with pytest.raises(ValueError, match="label 4"):
        evaluate(module, [(torch.ones(1, 4), torch.tensor([4]))])
    assert module.training


def test_progress_counts_images() -> None:
    seen: list[int] = []
    logits, labels = random_data(20, 3, seed=1)
    evaluate(Given(), batches(logits, labels), progress=seen.append)
    assert seen == [7, 14, 20]


def test_refusals() -> None:
    ones = torch.ones(3, 4)
    with pytest.raises(ValueError, match="no images to evaluate on"):
        evaluate(Given(), [])
    with pytest.raises(ValueError, match="label 4 of image 5 is none of the network's 4 classes"):
        evaluate(Given(), [(ones, torch.tensor([0, 1, 3])), (ones, torch.tensor([0, 1, 4]))])
    with pytest.raises(ValueError, match="label -1 of image 0"):
        evaluate(Given(), [(ones, torch.tensor([-1, 1, 3]))])
    with pytest.raises(ValueError, match="output for image 1 is NaN"):
        evaluate(Given(), [(torch.tensor([[0.0, 1.0], [math.nan, 0.0]]), torch.tensor([0, 1]))])
    with pytest.raises(ValueError, match=r"\(2,\) labels for outputs of shape \(3, 4\)"):
        evaluate(Given(), [(ones, torch.tensor([0, 1]))])
    infinite = torch.tensor([[0.0, 1.0], [math.inf, math.inf]])
    with pytest.raises(ValueError, match="cross_entropy of image 1 is NaN"):
        evaluate(Given(), [(infinite, torch.tensor([0, 1]))], cross_entropy)
