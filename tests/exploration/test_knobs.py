"""Knobs of families and of channels: laws over drawn starts."""

from collections.abc import Callable
from math import prod
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import torch
from hypothesis import given, reject, settings
from hypothesis import strategies as st
from torch import Generator

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exploration import Knob, Space
from adequate.exploration.families import recast
from adequate.formats import Binary, Fixed, Format, Minifloat, PerChannel, PowerOfTwo, Scaled
from adequate.formats.binades import ceil_log2
from adequate.network import Network
from adequate.operators import Accumulator, Drum, Exact
from adequate.reporting import stored_bits
from tests.exploration.residual import eight_bits, images, residual

FAMILIES = (Fixed(8, 0), Fixed(8, 0, signed=False), Minifloat(2, 5), Minifloat(4, 3), PowerOfTwo(4))

fixed = st.builds(Fixed, st.integers(2, 12), st.integers(-4, 12), signed=st.booleans())
minifloat = st.builds(Minifloat, st.integers(2, 4), st.integers(0, 5))
places = fixed | minifloat | st.builds(PowerOfTwo, st.integers(2, 5), st.integers(-4, 4))
families = st.lists(st.sampled_from(FAMILIES), max_size=3, unique=True)
widths = st.lists(st.integers(2, 9), min_size=1, max_size=4, unique=True)
channels = st.lists(places, min_size=2, max_size=6).map(lambda formats: PerChannel(tuple(formats), 0))


@st.composite
def spaces(draw: Callable[..., object]) -> Space:
    """Of one layer with a plain input and a weight of channels in two runs, or in one."""
    weight: PerChannel = draw(channels)  # type: ignore[assignment]
    start = Design({"a": LayerDesign(draw(places), weight)})  # type: ignore[arg-type]
    at, count = draw(st.integers(0, len(weight.formats) - 1)), len(weight.formats)  # type: ignore[misc]
    ties = [(("a", f"weight[{first}:{end}]"),) for first, end in ((0, at), (at, count)) if first < end] if at else []
    bits: list[int] = draw(widths)  # type: ignore[assignment]
    try:
        return Space(start, bits, ties=ties, families=draw(families))  # type: ignore[arg-type]
    except ValueError:
        reject()  # a minifloat has no such widths, or there is nothing else than the start


@settings(max_examples=30)
@given(spaces(), st.integers(0, 2**30))
def test_points_designs_vectors_and_files_are_one_to_one(space: Space, seed: int) -> None:
    generator = Generator().manual_seed(seed)
    assert space.size == prod(len(knob.choices) for knob in space.knobs)
    points = {space.narrowest, space.widest, *(space.sample(generator) for _ in range(8))}
    assert len({space.design(point) for point in points}) == len(points)
    for point in points:
        assert space.point(space.design(point)) == space.nearest(space.vector(point)) == point
    with TemporaryDirectory() as folder:
        space.save(Path(folder) / "space.json")
        assert Space.load(Path(folder) / "space.json") == space


@settings(max_examples=30)
@given(spaces(), st.integers(0, 2**30))
def test_channels_change_with_their_own_knob_alone(space: Space, seed: int) -> None:
    point = space.sample(Generator().manual_seed(seed))
    for at, knob in enumerate(space.knobs):
        for place in range(len(knob.choices)):
            moved = space.design((*point[:at], place, *point[at + 1 :]))
            before, after = space.design(point)["a"], moved["a"]
            [(_, slot)] = knob.slots
            if slot != "input":
                assert before.input == after.input
            if slot.startswith("weight["):
                first, end = map(int, slot[7:-1].split(":"))
                old, new = before.weight, after.weight
                assert isinstance(old, PerChannel)
                assert isinstance(new, PerChannel)
                assert old.formats[:first] == new.formats[:first]
                assert old.formats[end:] == new.formats[end:]
                assert len({one.bits for one in new.formats[first:end]}) == 1


@pytest.mark.parametrize("family", FAMILIES, ids=str)
@given(place=places, bits=st.integers(2, 9))
def test_a_family_reaches_as_far_as_the_place_it_takes(family: Format, place: Format, bits: int) -> None:
    found = recast(family, place, bits)
    if found is None:
        assert isinstance(family, Minifloat)
        assert bits - 1 < family.exp or family.exp == 2
        return
    assert type(found) is type(family)
    assert found.bits == bits
    assert ceil_log2(found.maximum) == ceil_log2(place.maximum)
    assert recast(family, found, bits) == found


def test_a_family_is_offered_in_each_word_length_with_its_own_last() -> None:
    space = Space(
        Design({"a": LayerDesign(weight=Fixed(8, 7))}), bits=(2, 4), families=[PowerOfTwo(4), Minifloat(2, 1)]
    )
    [knob] = space.knobs
    assert [str(value) for ((_, value),) in knob.choices] == [
        "pow2(2,max_exponent=0)", "fixed(2,1)", "pow2(4,max_exponent=0)", "float(2,1,bias=4)", "fixed(4,3)",
    ]  # fmt: skip


def test_a_tie_shares_the_family_and_operators_take_all_formats() -> None:
    start = Design(
        {"a": LayerDesign(Fixed(8, 6), Fixed(8, 7), output=Fixed(8, 4)), "b": LayerDesign(input=Fixed(8, 4))}
    )
    space = Space(
        start,
        families=[Minifloat(3, 4)],
        ties=[(("a", "output"), ("b", "input"))],
        accumulators=[Accumulator(Fixed(24, 8))],
    )
    generator = Generator().manual_seed(0)
    for _ in range(20):
        design = space.design(space.sample(generator))
        assert design["a"].output == design["b"].input
    assert "a.accumulator" in {knob.name for knob in space.knobs}
    with pytest.raises(ValueError, match="no layer's formats fit exact"):
        Space(start, families=[Minifloat(3, 4)], multipliers=[Exact(8, 8)])


@pytest.fixture(scope="module")
def network() -> Network:
    return residual()


def test_groups_of_channels_have_knobs_and_designs_of_their_own(network: Network) -> None:
    start = eight_bits(network)
    space = Space.of(network, start, bits=(2, 4, 8), channel_groups=3)
    assert [knob.name for knob in space.knobs if knob.name.startswith("fc.weight")] == [
        "fc.weight[0:1]", "fc.weight[1:3]", "fc.weight[3:5]",
    ]  # fmt: skip
    place = {knob.name: at for at, knob in enumerate(space.knobs)}["fc.weight[1:3]"]
    narrow = space.design((*space.widest[:place], 0, *space.widest[place + 1 :]))
    wide, uniform = space.design(space.widest), space.design(space.widest).with_layers("fc", weight=Fixed(2, 1))
    uniform = uniform.with_layers("fc", weight=_resized(start["fc"].weight, 2))
    x = images(4)
    mixed, first, second = (emulate(network, one)(x) for one in (narrow, wide, uniform))
    assert torch.equal(mixed[:, [0, 3, 4]], first[:, [0, 3, 4]])
    assert torch.equal(mixed[:, 1:3], second[:, 1:3])
    assert stored_bits(network, wide) - stored_bits(network, narrow) == 2 * 36 * 6


def _resized(format: Format | None, bits: int) -> Fixed:
    assert isinstance(format, Fixed)
    return Fixed(bits, format.frac + bits - format.bits)


def test_channels_begin_where_their_scale_has_them(network: Network) -> None:
    scales = (0.5, 0.25, 0.125, 2.0)
    start = Design({"inner": LayerDesign(weight=Scaled(Fixed(8, 0), scales, axis=0))})
    space = Space.of(network, start, bits=(4, 8), channel_groups=4)
    weight = space.design(space.widest)["inner"].weight
    assert isinstance(weight, PerChannel)
    assert weight.formats == tuple(Scaled(Fixed(8, 0), one) for one in scales)
    narrow = space.design(space.narrowest)["inner"].weight
    assert isinstance(narrow, PerChannel)
    assert narrow.formats == tuple(Scaled(Fixed(4, 0), 16 * one) for one in scales)


THIRD = float(torch.tensor(1 / 3))


@pytest.mark.parametrize(
    ("weight", "groups", "message"),
    [
        (Fixed(8, 7), 0, "channel_groups is 0"),
        (Scaled(Fixed(8, 0), THIRD), 2, "layer 'inner': its channels cannot differ in word length"),
        (Scaled(Fixed(8, 0), (0.5,) * 4, axis=1), 2, "does not lie along its 4 output channels"),
        (Scaled(Fixed(8, 0), (0.5,) * 3, axis=0), 2, "does not lie along its 4 output channels"),
    ],
)
def test_channels_that_cannot_differ_are_refused(network: Network, weight: Format, groups: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Space.of(network, Design({"inner": LayerDesign(weight=weight)}), channel_groups=groups)


def test_nonsense_is_refused() -> None:
    plain = Design({"a": LayerDesign(weight=Fixed(8, 7))})
    four = Design({"a": LayerDesign(weight=PerChannel((Fixed(8, 7),) * 4, 0))})

    def knob(slot: str, *values: object) -> Knob:
        return Knob(slot, tuple(((("a", slot), value),) for value in values))  # type: ignore[arg-type]

    with pytest.raises(ValueError, match=r"of channels; the layer's weight has one format for all, fixed\(8,7\)"):
        Space(plain, knobs=[knob("weight[0:2]", Fixed(2, 1))])
    with pytest.raises(ValueError, match="of channels; the layer's weight has 4 of them"):
        Space(four, knobs=[knob("weight[2:5]", Fixed(2, 1))])
    with pytest.raises(ValueError, match=r"weight\[0:2\] has 2 channels, not the 3 of per_channel"):
        Space(four, knobs=[knob("weight[0:2]", PerChannel((Fixed(2, 1), Fixed(3, 1), Fixed(3, 1)), 0))])
    with pytest.raises(ValueError, match="knob 'weight\\[0:2\\]': a channel's format is fixed"):
        Space(four, knobs=[knob("weight[0:2]", None)])
    for slots in (("weight[0:2]", "weight[1:3]"), ("weight[0:2]", "weight"), ("weight", "weight[0:2]")):
        with pytest.raises(ValueError, match="two knobs change the weight of layer 'a'"):
            Space(four, knobs=[knob(slot, Fixed(2, 1)) for slot in slots])
    for slot in ("weight[2:2]", "weight[:2]", "input[0:2]", "weight[0:2", "weight[0:99999999999]"):
        with pytest.raises(ValueError, match="no such slot"):
            Space(four, knobs=[knob(slot, Fixed(2, 1))])
    with pytest.raises(
        ValueError, match="a family is given by one of its members, fixed, float or pow2, not by binary"
    ):
        Space(Design({"a": LayerDesign(weight=Fixed(8, 7))}), bits=[1], families=[Binary()])
    assert "a.multiplier" not in {k.name for k in Space(four.with_layers("a", input=Fixed(8, 7))).knobs}
    with pytest.raises(ValueError, match="no layer's formats fit drum"):
        Space(four.with_layers("a", input=Fixed(8, 7)), multipliers=[Drum(8, 8, 4)])
