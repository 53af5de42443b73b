"""One multiplier in all layers of a design that have formats."""

import pytest

from adequate.design import Design, LayerDesign
from adequate.exploration import approximate
from adequate.formats import Fixed, Minifloat, Scaled
from adequate.operators import Drum, Exact, MinifloatProduct, SignMagnitude
from adequate.ranges import LayerRanges, Range, Ranges

POSITIVE, BOTH = Range(0.0, 2.0), Range(-2.0, 2.0)
RANGES = Ranges(
    {
        "conv1": LayerRanges("conv2d", input=POSITIVE, weight=BOTH),
        "relu": LayerRanges("relu", input=BOTH),
        "conv2": LayerRanges("conv2d", input=BOTH, weight=BOTH),
        "fc": LayerRanges("linear", input=POSITIVE, weight=BOTH),
    },
    1,
)
EIGHT = LayerDesign(Fixed(8, 6, narrow=True), Fixed(8, 7), output=Fixed(8, 5))
DESIGN = Design(
    {"conv1": EIGHT, "conv2": EIGHT, "relu": LayerDesign(output=Fixed(8, 5)), "fc": LayerDesign(EIGHT.input)}
)
DRUM = Drum(8, 8, 4)


def test_signs_are_kept_apart_where_there_are_any() -> None:
    found = approximate(DESIGN, DRUM, RANGES)
    assert found["conv1"] == LayerDesign(
        Fixed(8, 7, signed=False), Fixed(8, 7), SignMagnitude(DRUM, signed_a=False), output=Fixed(8, 5)
    )
    assert found["conv2"] == LayerDesign(EIGHT.input, Fixed(8, 7), SignMagnitude(DRUM), output=Fixed(8, 5))
    assert (found["relu"], found["fc"]) == (DESIGN["relu"], DESIGN["fc"])  # a product, but without a weight format


def test_an_unsigned_input_reaches_as_far_as_the_signed_one_did() -> None:
    x = approximate(DESIGN, DRUM, RANGES)["conv1"].input
    assert x is not None
    assert Fixed(8, 6).maximum < x.maximum < Fixed(8, 6).maximum + 2 * Fixed(8, 6).decode(1)


def test_only_the_layers_of_a_pattern_change() -> None:
    found = approximate(DESIGN, DRUM, RANGES, "*2")
    assert found.with_layers("conv2", multiplier=None) == DESIGN


@pytest.mark.parametrize(
    "multiplier", [SignMagnitude(DRUM), Exact(8, 8, signed_a=True), MinifloatProduct(*[Minifloat(4, 3)] * 3)]
)
def test_a_multiplier_of_signed_integers_or_codes_is_taken_as_it_is(multiplier: SignMagnitude) -> None:
    found = approximate(DESIGN, multiplier, RANGES)
    assert found == DESIGN.with_layers(["conv1", "conv2"], multiplier=multiplier)


def test_an_unsigned_weight_needs_no_sign() -> None:
    design = DESIGN.with_layers("conv1", weight=Scaled(Fixed(8, 0, signed=False), 0.25, zero=128))
    assert approximate(design, DRUM, RANGES)["conv1"].multiplier == DRUM


def test_a_pattern_without_such_a_layer_is_an_error() -> None:
    with pytest.raises(ValueError, match=r"^no sum of products among the layers 'fc' has an input"):
        approximate(DESIGN, DRUM, RANGES, "fc")
