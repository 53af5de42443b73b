"""Error statistics against sums written out, weighted, sampled."""

from fractions import Fraction
from math import sqrt

import pytest
import torch

from adequate.formats import E4M3, Minifloat
from adequate.operators import (
    BrokenArray,
    Drum,
    Exact,
    MinifloatProduct,
    Mitchell,
    Multiplier,
    Shift,
    SignMagnitude,
    TruncatedArray,
    XnorProduct,
    errors,
    tabulate,
)


def by_hand(pairs: list[tuple[int, int, int, int]]) -> dict[str, float]:
    """From (count, a, b, product): every statistic as a sum of fractions."""
    total = sum(count for count, *_ in pairs)
    wrong = [(count, t - a * b, a * b) for count, a, b, t in pairs if count]
    relative = [(count, Fraction(abs(e), abs(p))) for count, e, p in wrong if p]
    mean = Fraction(sum(count * e for count, e, _ in wrong), total)
    square = Fraction(sum(count * e * e for count, e, _ in wrong), total)
    products = [p for *_, p in wrong]
    span = max(products) - min(products)
    return {
        "ep": float(Fraction(sum(count for count, e, _ in wrong if e), total)),
        "mae": float(Fraction(sum(count * abs(e) for count, e, _ in wrong), total)),
        "nmed": float(Fraction(sum(count * abs(e) for count, e, _ in wrong), total) / max(map(abs, products))),
        "mred": float(sum(count * r for count, r in relative) / sum(count for count, _ in relative)),
        "wce": max(abs(e) for _, e, _ in wrong),
        "wcre": float(max(r for _, r in relative)),
        "mse": float(square),
        "bias": float(mean),
        "variance": float(square - mean**2),
        "nm": sqrt(square - mean**2) / span,
        "na": float(mean / span),
        "pairs": len(wrong),
    }


@pytest.mark.parametrize("multiplier", [Drum(5, 4, 2), SignMagnitude(Mitchell(4, 5)), TruncatedArray(4, 4, 3)], ids=str)
@pytest.mark.parametrize("weighted", [False, True])
def test_it_is_the_sum_written_out(multiplier: Multiplier, weighted: bool) -> None:
    a, b = multiplier.a, multiplier.b
    rows, columns = ([p - 2**o.width * (o.signed and 2 * p >= 2**o.width) for p in range(2**o.width)] for o in (a, b))
    generator = torch.Generator().manual_seed(0)
    counts = [torch.randint(0, 4, (len(side),), generator=generator) for side in (rows, columns)]
    table = multiplier.table().tolist()
    pairs = [
        (int(counts[0][i] * counts[1][j]) if weighted else 1, x, y, table[i][j])
        for i, x in enumerate(rows)
        for j, y in enumerate(columns)
    ]
    found = errors(multiplier, (counts[0], counts[1]) if weighted else None)
    for name, value in by_hand(pairs).items():
        # float64 sums of few terms: a few units of 2**-53, more where a difference cancels
        assert getattr(found, name) == pytest.approx(value, rel=1e-12, abs=1e-15), name


@pytest.mark.parametrize("multiplier", [Exact(8, 8), Exact(6, 7, signed_b=True), Shift(8, 4), XnorProduct()], ids=str)
def test_an_exact_multiplier_has_no_error(multiplier: Multiplier) -> None:
    found = errors(multiplier)
    assert (found.ep, found.mae, found.mred, found.wce, found.mse, found.bias, found.variance) == (0,) * 7
    assert found.pairs == 2 ** (multiplier.a.width + multiplier.b.width)


def test_a_minifloat_product_errs_by_its_rounding_alone() -> None:
    """The codes of NaN do not count; half a unit in the last of four places is 1/16 of a value, at most."""
    wide = Minifloat(5, 3)
    found = errors(MinifloatProduct(E4M3, E4M3, wide))
    assert found.pairs == 254**2
    exact_in_normal = errors(MinifloatProduct(E4M3, E4M3, Minifloat(6, 7)))
    assert exact_in_normal.ep == 0
    ones = torch.zeros(256)
    ones[[0b0_0111_000, 0b0_0111_001]] = 1  # 1 and 9/8: of the four products only 81/64 is rounded, to 5/4
    found = errors(MinifloatProduct(E4M3, E4M3, wide), (ones, ones))
    assert (found.ep, found.wcre) == (1 / 4, 1 / 81)
    assert found.wce * 2.0 ** (2 * E4M3.grid) == 1 / 64


def test_drawn_pairs_agree_with_all_pairs_within_their_intervals() -> None:
    """A 13x13 broken array has the closed form of any width; a 95 % interval is widened to 99.99 % (Z 3.89)."""
    h, v = 2, 6
    worst = (2**h - 1) * (2**13 - 1) + (v - h) * 2**v - (2**v - 2**h)
    found = errors(BrokenArray(13, 13, h, v), samples=2**16, generator=torch.Generator().manual_seed(0))
    name, low, high = found.intervals[3]
    assert (name, found.pairs) == ("bias", 2**16)
    middle, half = (low + high) / 2, (high - low) / 2
    assert abs(-worst / 4 - middle) <= half * 3.89 / 1.96
    assert found.bias == pytest.approx(middle)
    assert found.wce <= worst
    again = errors(BrokenArray(13, 13, h, v), samples=2**16, generator=torch.Generator().manual_seed(0))
    assert again == found


def test_drawing_follows_the_histograms() -> None:
    counts = torch.zeros(2**13)
    counts[3] = 5
    found = errors(Mitchell(13, 13), (counts, counts), samples=10, generator=torch.Generator().manual_seed(0))
    assert (found.wce, found.bias, found.wcre) == (1, -1, 1 / 9)


def test_what_cannot_be_measured_is_refused() -> None:
    with pytest.raises(ValueError, match="too many pairs"):
        errors(Exact(16, 16))
    with pytest.raises(ValueError, match="a histogram of codes has 16 counts"):
        errors(Exact(4, 4), (torch.ones(16), torch.ones(15)))
    with pytest.raises(ValueError, match="a histogram of codes has 16 counts"):
        errors(Exact(4, 4), (torch.ones(16), torch.zeros(16)))


def test_of_products_that_are_all_zero() -> None:
    nothing = torch.tensor([1.0, 0, 0, 0])
    found = errors(tabulate("one", lambda a, b: 1, width_a=2, width_b=2), (nothing, nothing))
    assert (found.mae, found.mred, found.wcre, found.pairs) == (1, 0, 0, 1)
