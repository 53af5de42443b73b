"""The knobs of a search, read off its designs."""

import random

from adequate.design import Design
from adequate.exploration import Space
from adequate.formats import Fixed, Minifloat
from adequate.reporting.choices import varied

START = (
    Design()
    .with_layers("conv", input=Fixed(8, 7), weight=Fixed(8, 6), output=Fixed(8, 4))
    .with_layers("fc", input=Fixed(8, 4), weight=Fixed(8, 7))
)
TIES = [[("conv", "output"), ("fc", "input")]]


def test_they_are_those_of_the_space() -> None:
    space = Space(START, bits=(2, 3, 5), ties=TIES)
    numbers = random.Random(0)
    points = [tuple(numbers.randrange(3) for _ in space.knobs) for _ in range(40)]
    designs = [space.design(point) for point in points]
    found = varied(designs, ["conv", "fc"])
    assert [knob.name for knob in found] == [knob.name for knob in space.knobs]
    assert [tuple(knob.place(design) for knob in found) for design in designs] == points
    assert [[choice.bits for choice in knob.choices] for knob in found] == [[2, 3, 5]] * len(space.knobs)


def test_what_never_changes_is_no_knob() -> None:
    assert varied([START, START], []) == ()
    assert varied([], ["conv"]) == ()


def test_floating_point_is_widest_and_families_have_names() -> None:
    designs = [
        Design(),
        Design().with_layers("fc", weight=Minifloat(4, 3)),
        Design().with_layers("fc", weight=Fixed(8, 7)),
        Design().with_layers("fc", weight=Fixed(4, 3)),
    ]
    [knob] = varied(designs, [])
    assert knob.name == "fc.weight"
    assert [str(choice) for choice in knob.choices] == ["fixed(4,3)", "fixed(8,7)", "float(4,3)", "float"]
    assert [choice.bits for choice in knob.choices] == [4, 8, 8, None]
