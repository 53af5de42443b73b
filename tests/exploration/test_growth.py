"""How a front grew: after every point the hypervolume of all points so far."""

from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design
from adequate.exploration import Trial
from adequate.exploration.growth import growth, normalized
from adequate.exploration.hypervolume import hypervolume
from adequate.formats import Fixed


@given(st.integers(1, 4).flatmap(lambda d: st.lists(st.tuples(*[st.integers(0, 10).map(lambda x: x / 8)] * d))))
def test_growth_is_the_hypervolume_of_every_prefix(losses: list[tuple[float, ...]]) -> None:
    """Eighths, some of them at or beyond the reference, so that points are often equal or dominated."""
    prefixes = accumulate(([one] for one in losses), lambda before, one: before + one)
    assert growth(losses) == pytest.approx([hypervolume(some, (1.0,) * len(some[0])) for some in prefixes])


def test_losses_are_shares_of_the_largest() -> None:
    figures = [{"accuracy": 0.75, "bits": 20.0, "energy": 0.0}, {"accuracy": 0.5, "bits": 10.0, "energy": 0.0}]
    wide, narrow = (
        Trial(Design().with_layers("fc", weight=Fixed(b, 1)), f) for b, f in zip((4, 2), figures, strict=True)
    )
    beyond = Trial(Design(), {"accuracy": 1.0, "bits": float("inf"), "energy": 0.0})
    found = normalized([wide, narrow, beyond], ["bits", "energy"])
    assert found[wide] == (0.25, 1.0, 0.0)
    assert found[narrow] == (0.5, 0.5, 0.0)
    assert found[beyond] == (0.0, float("inf"), 0.0)
    assert growth(found.values()) == [0.0, 0.25, 0.25]
