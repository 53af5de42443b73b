"""Lists of multipliers: the statistics are ``errors``', the gates ``gates``'."""

import pytest
import torch

from adequate.circuits.gates import gates
from adequate.operators import Drum, Exact, Mitchell, errors, tabulate
from adequate.operators.listing import COSTS, STATISTICS, listing
from adequate.operators.published import Published


def test_each_is_measured_as_it_would_be_alone() -> None:
    table = tabulate("mine", lambda a, b: a | b, width_a=4, width_b=4)
    weights = (torch.arange(16), torch.ones(16))
    drum, mine, published = listing([Drum(4, 4, 2), table, Published(table, 0.5, 20.0)], weights)
    assert drum.errors == errors(Drum(4, 4, 2), weights)
    assert mine.errors == published.errors == errors(table, weights)
    assert [one.name for one in (drum, mine, published)] == ["drum(4,4,2)", "mine", "mine"]
    assert drum.gates == len(gates(Drum(4, 4, 2).circuit()))
    assert mine.gates is published.gates is drum.power_mw is published.delay_ns is None  # nothing is made up
    assert (published.power_mw, published.area_um2) == (0.5, 20.0)


def test_figures_have_every_statistic_and_cost() -> None:
    (one,) = listing([Drum(4, 4, 2)])
    assert list(one.figures()) == [*STATISTICS, *COSTS]
    assert one.figures()["mae"] == one.errors.mae
    statistics = set(vars(one.errors)) - {"pairs", "intervals"}
    assert statistics == set(STATISTICS)


def test_drawn_pairs_are_the_same_for_all() -> None:
    """Hence a list with fewer multipliers says the same of those that it has."""
    generator = torch.Generator().manual_seed(0)
    both = list(listing([Exact(13, 13), Mitchell(13, 13)], generator=generator))
    (alone,) = listing([Mitchell(13, 13)], generator=torch.Generator().manual_seed(0))
    assert both[1] == alone
    assert both[0].errors.ep == 0
    with pytest.raises(ValueError, match="needs a generator"):
        list(listing([Mitchell(13, 13)]))
