"""Weight remapping: a plain loop over a small table, identity for exact products, values that stay in their formats."""

import pytest
import torch
from torch import Tensor, nn

from adequate.design import Design
from adequate.finetuning import remap_weights, remapped
from adequate.formats import Fixed, Format, Minifloat, Scaled
from adequate.network import Network, trace
from adequate.operators import (
    BaughWooley,
    BrokenArray,
    Drum,
    Exact,
    Kulkarni,
    MinifloatProduct,
    Mitchell,
    Multiplier,
    SignMagnitude,
    Tabulated,
    TruncatedArray,
    tabulate,
)
from adequate.operators.multiplier import integers


def best(multiplier: Multiplier, counts: list[int], zero: int, allowed: list[int], w: int) -> int:
    """The pattern by the definition, in Python integers."""
    table = multiplier.table().tolist()
    a = integers(multiplier.a, torch.arange(len(counts))).tolist()
    b = integers(multiplier.b, torch.arange(len(table[0]))).tolist()

    def key(v: int) -> tuple[int, int, int]:
        cost = sum(n * abs((a[i] - zero) * b[w] - (table[i][v] - zero * b[v])) for i, n in enumerate(counts))
        return cost, abs(b[v] - b[w]), b[v]

    return min(allowed, key=key)


def scrambled(seed: int, signed: bool) -> Tabulated:
    """A table with many ties: products of two bits less at random."""
    draw = torch.Generator().manual_seed(seed)
    less = torch.randint(3, (16, 16), generator=draw)
    return tabulate(
        f"t{seed}",
        lambda a, b: (a * b // 8) * 8 + int(less[a % 16, b % 16]),
        width_a=4,
        width_b=4,
        signed_a=signed,
        signed_b=signed,
    )


FOUR = [
    Drum(4, 4, 2),
    Kulkarni(4, 4),
    Mitchell(4, 4),
    BrokenArray(4, 4, 2, 3),
    TruncatedArray(4, 4, 5),
    SignMagnitude(Mitchell(4, 4)),
    BaughWooley(4, 4, 4),
    scrambled(0, False),
    scrambled(1, True),
]


@pytest.mark.parametrize("multiplier", FOUR, ids=str)
@pytest.mark.parametrize("zero", [0, 3])
def test_every_weight_of_four_bits_is_the_definitions(multiplier: Multiplier, zero: int) -> None:
    some = torch.randint(5, (16,), generator=torch.Generator().manual_seed(2))
    allowed = torch.ones(16, dtype=torch.bool)
    allowed[[8, 11]] = False
    for histogram, counts in ((None, [1] * 16), (some, some.tolist())):
        everything = remapped(multiplier, histogram=histogram, zero=zero)
        assert everything.tolist() == [best(multiplier, counts, zero, list(range(16)), w) for w in range(16)]
        some_only = remapped(multiplier, histogram=histogram, zero=zero, allowed=allowed).tolist()
        kept = [w for w in range(16) if allowed[w]]
        assert [some_only[w] for w in kept] == [best(multiplier, counts, zero, kept, w) for w in kept]
        assert [some_only[8], some_only[11]] == [8, 11]


@pytest.mark.parametrize("multiplier", [Exact(8, 8), SignMagnitude(Exact(6, 7)), BaughWooley(8, 8, 0)], ids=str)
def test_an_exact_multiplier_leaves_every_weight(multiplier: Multiplier) -> None:
    nothing_but_zero = torch.zeros(2**multiplier.a.width)
    nothing_but_zero[0] = 1
    for histogram in (None, nothing_but_zero):
        assert torch.equal(remapped(multiplier, histogram=histogram), torch.arange(2**multiplier.b.width))


@pytest.mark.parametrize(
    "multiplier", [Drum(8, 8, 3), Mitchell(8, 8), Kulkarni(8, 8), TruncatedArray(8, 8, 8)], ids=str
)
def test_the_error_of_the_products_falls(multiplier: Multiplier) -> None:
    """Never more over any one weight; where products are all too small, by nearly half."""
    table, operands = multiplier.table().double(), torch.arange(256).double()
    exact = torch.outer(operands, operands)
    before, after = ((table[:, w] - exact).abs().mean(0) for w in (torch.arange(256), remapped(multiplier)))
    assert (after <= before).all()
    assert after.mean() < before.mean()
    if multiplier.name in ("mitchell", "truncated_array"):
        assert after.mean() < 0.55 * before.mean()


def network(seed: int = 0) -> Network:
    torch.manual_seed(seed)
    return trace(nn.Sequential(nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 4)), torch.zeros(2, 6))


SCALES = (0.01171875, 0.0029296875, 0.01953125, 0.0068359375)  # no powers of two
E4M3 = Minifloat(4, 3)
CHOICES: list[tuple[Format, Multiplier, Format]] = [
    (Fixed(8, 6, signed=False), SignMagnitude(Drum(8, 8, 3), signed_a=False), Fixed(8, 7)),
    (Fixed(8, 6), SignMagnitude(Drum(8, 8, 3)), Fixed(8, 7, narrow=True)),
    (Fixed(8, 6), SignMagnitude(TruncatedArray(8, 8, 9)), Fixed(5, 4)),
    (Fixed(8, 6), SignMagnitude(Drum(8, 8, 3)), Scaled(Fixed(8, 0), SCALES, axis=0)),
    (
        Scaled(Fixed(8, 0, signed=False), 0.0234375, zero=128),
        Drum(8, 8, 3),
        Scaled(Fixed(8, 0, signed=False), SCALES, (128, 0, 100, 255), axis=0),
    ),
    (E4M3, MinifloatProduct(E4M3, E4M3, Minifloat(3, 1)), E4M3),
]


@pytest.mark.parametrize(("input", "multiplier", "weight"), CHOICES, ids=str)
def test_the_weights_of_a_network_are_those_of_the_map(input: Format, multiplier: Multiplier, weight: Format) -> None:
    """Every code is the map's for its own code, of those the format writes, and quantising it changes nothing."""
    given = network()
    design = Design().with_layers("2", input=input, multiplier=multiplier, weight=weight)
    result = remap_weights(given, design)
    before, after = given.state()["2.weight"], result.state()["2.weight"]
    assert torch.equal(weight.quantize(after), after)
    patterns = 2**multiplier.b.width
    every = torch.tensor([(code % patterns) for code in (getattr(weight, "element", weight)).word])
    allowed = torch.zeros(patterns, dtype=torch.bool).index_fill_(0, every, True)
    if isinstance(weight, Minifloat):
        allowed[2 ** (weight.bits - 1)] = False  # -0 is never written
    zero = input.zero if isinstance(input, Scaled) else 0
    found = remapped(multiplier, zero=zero, allowed=allowed)
    assert torch.equal(found[weight.encode(before) % patterns], weight.encode(after) % patterns)
    assert torch.equal(weight.quantize(before), after) == isinstance(weight, Minifloat)  # it rounds to nearest: no bias
    assert torch.equal(result.state()["0.weight"], given.state()["0.weight"])
    assert result.rewrites == ("remap_weights: 2",)


def test_activations_that_were_counted_count() -> None:
    given = network()
    design = Design().with_layers("0", input=Fixed(8, 6), multiplier=SignMagnitude(Mitchell(8, 8)), weight=Fixed(8, 7))
    counts = torch.zeros(256)
    counts[:9] = 1  # so small that Mitchell's products are nearly exact
    same = remap_weights(given, design, {"2": counts})
    other = remap_weights(given, design, {"0": counts})
    assert same.digest == remap_weights(given, design).digest != other.digest


def test_what_cannot_be_remapped_is_said() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(4, 4)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(self.fc(x))

    shared = trace(Twice(), torch.zeros(2, 4))
    design = Design().with_layers(
        ["fc", "fc#2"], input=Fixed(8, 4), multiplier=BaughWooley(8, 8, 6), weight=Fixed(8, 7)
    )
    with pytest.raises(ValueError, match="no layer with a multiplier and a weight of its own"):
        remap_weights(shared, design)
    with pytest.raises(ValueError, match="no layer with a multiplier and a weight of its own"):
        remap_weights(network(), Design().with_layers("0", weight=Fixed(8, 7)))
    with pytest.raises(ValueError, match=r"has 256 counts, none negative; not \(16,\)"):
        remapped(Drum(8, 8, 3), histogram=torch.ones(16))
