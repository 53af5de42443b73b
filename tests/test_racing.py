"""Races: their error rate by simulation, exact where all images are needed, and the same from a module."""

from collections.abc import Iterator
from itertools import permutations, product
from math import comb

import pytest
import torch
from torch import Generator, Tensor, nn

from adequate.racing import Bet, race, simulated

MARGIN = 1.0


def losses_of(lost: int, gained: int, images: int) -> Tensor:
    """The reference is right and the design wrong on ``lost`` images, the reverse on ``gained``."""
    made = torch.zeros(images)
    made[:lost], made[lost : lost + gained] = 1, -1
    return made


@pytest.mark.parametrize(
    ("lost", "gained"), [(10, 0), (11, 0), (15, 5), (16, 5), (40, 30), (41, 30), (0, 0), (200, 0), (20, 0), (5, 0)]
)
def test_the_decision_is_wrong_in_at_most_the_stated_share_of_orders(lost: int, gained: int) -> None:
    images, orders, error = 1000, 60, 0.1
    losses = losses_of(lost, gained, images)
    within = lost - gained <= images * MARGIN / 100
    generator = Generator().manual_seed(lost * 1000 + gained)
    shuffled = (losses[torch.randperm(images, generator=generator)] for _ in range(orders))
    races = [simulated(one, margin=MARGIN, error=error) for one in shuffled]
    wrong = sum(one.within is not within for one in races)
    assert _at_least(wrong, orders, error) > 1e-4
    if lost in (0, 200):
        assert sum(one.images for one in races) / orders < 0.6 * images


def _at_least(wrong: int, orders: int, error: float) -> float:
    """Probability of so many errors or more, each with probability ``error``."""
    return 1 - sum(comb(orders, k) * error**k * (1 - error) ** (orders - k) for k in range(wrong))


def test_capital_of_the_loser_is_a_supermartingale_by_enumeration() -> None:
    """Over every order of a small population at the boundary itself, the mean capital never exceeds 1."""
    values = (1.0, 0.0, 0.0, -1.0, 0.0, 0.0)
    orders = list(permutations(range(6)))
    for step in range(1, 6):
        bets = []
        for order in orders:
            bet = Bet(0.0, 6, 1e-9)
            for place in order[:step]:
                if bet.decided is None:
                    bet.learn(values[place])
            bets.append(bet)
        assert sum(one._for for one in bets) / len(bets) == pytest.approx(1)
        assert sum(one._against for one in bets) / len(bets) == pytest.approx(1)


def test_the_last_image_leaves_no_doubt() -> None:
    for values in product((-1.0, 0.0, 1.0), repeat=5):
        found = simulated(torch.tensor(values), margin=20.0, error=1e-12)
        assert found.within is (sum(values) <= 1)


class Table(nn.Module):
    """Logits of two classes by the image's only pixel."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat((1 - x, x), 1)


def test_a_module_is_raced_as_its_losses_and_no_further() -> None:
    generator = Generator().manual_seed(0)
    right = (torch.rand(1000, generator=generator) < 0.6).float()
    labels = torch.ones(1000, dtype=torch.int64)
    asked: list[int] = []

    def batches() -> list[tuple[Tensor, Tensor]]:
        return [(right[at : at + 50, None], labels[at : at + 50]) for at in range(0, 1000, 50)]

    def counted() -> Iterator[tuple[Tensor, Tensor]]:
        for at, one in enumerate(batches()):
            asked.append(at)
            yield one

    reference = torch.ones(1000, dtype=torch.float64)
    found = race(Table(), counted(), reference, margin=MARGIN)
    assert found == simulated(1 - right, margin=MARGIN)
    assert not found.within
    assert len(asked) == -(-found.images // 50) < 20
    with pytest.raises(ValueError, match="more images than the 20"):
        race(Table(), batches(), reference[:20], margin=50.0, error=1e-9)
    with pytest.raises(ValueError, match="50 images for 1000 scores"):
        race(Table(), [(torch.ones(50, 1), labels[:50])], reference, margin=1.0)


def test_bad_input_is_refused() -> None:
    with pytest.raises(ValueError, match="error is 1"):
        simulated(torch.zeros(5), margin=1.0, error=1.0)
    with pytest.raises(ValueError, match="no images"):
        simulated(torch.zeros(0), margin=1.0)
    with pytest.raises(ValueError, match=r"a loss of 2\.0"):
        simulated(torch.full((5,), 2.0), margin=1.0)
