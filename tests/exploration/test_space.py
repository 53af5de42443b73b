"""Design spaces: what they hold, and points, vectors, designs and files both ways."""

import json
from pathlib import Path

import pytest
import torch
from torch import Generator

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exploration import Knob, Space
from adequate.formats import Fixed, Minifloat, PerChannel, PowerOfTwo, Ternary
from adequate.network import Network
from adequate.operators import Accumulator, Exact, catalog, tabulate
from adequate.operators.multipliers import Drum, Mitchell, SignMagnitude
from tests.exploration.residual import eight_bits, images, residual

START = Design(
    {
        "a": LayerDesign(Fixed(8, 6, signed=False), Fixed(8, 7), output=Fixed(8, 4)),
        "b": LayerDesign(Fixed(8, 4), PowerOfTwo(4), output=Fixed(8, 2)),
        "c": LayerDesign(weight=Ternary()),
    }
)
SPACES = {
    "widths": Space(START, bits=(2, 3, 8)),
    "tied": Space(START, ties=[(("a", "output"), ("b", "input"))]),
    "operators": Space(
        START,
        bits=range(4, 9),
        multipliers=[Exact(8, 8), Drum(8, 8, 4), Mitchell(8, 8)],
        accumulators=[Accumulator(Fixed(24, 8)), Accumulator(Fixed(12, 8))],
    ),
    "families": Space(START, bits=(3, 4, 8), families=[PowerOfTwo(4), Minifloat(3, 4)]),
    "channels": Space(
        START.with_layers("a", weight=PerChannel((Fixed(8, 7), Fixed(8, 7), Fixed(8, 5), Fixed(8, 6)), 0)),
        bits=(2, 4, 8),
        ties=[(("a", "weight[0:2]"),), (("a", "weight[2:4]"), ("a", "output"))],
    ),
}


@pytest.fixture(scope="module")
def network() -> Network:
    return residual()


@pytest.fixture(scope="module")
def start(network: Network) -> Design:
    return eight_bits(network)


def some_points(space: Space, count: int = 50) -> list[tuple[int, ...]]:
    generator = Generator().manual_seed(1)
    return [space.narrowest, space.widest, *(space.sample(generator) for _ in range(count))]


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_points_designs_and_vectors_are_one_to_one(space: Space) -> None:
    for point in some_points(space):
        assert space.point(space.design(point)) == point
        assert space.nearest(space.vector(point)) == point
        assert all(0 <= x <= 1 for x in space.vector(point))


def test_every_point_is_another_design_and_they_are_counted() -> None:
    space = Space(START, bits=(2, 4), ties=[(("a", "output"), ("b", "input"))])
    designs = {space.design(point) for point in space.points()}
    assert len(designs) == len(list(space.points())) == space.size == 2**5


def test_samples_reach_every_choice_alike() -> None:
    space, generator = SPACES["widths"], Generator().manual_seed(0)
    drawn = torch.tensor([space.sample(generator) for _ in range(3000)])
    for column, knob in zip(drawn.T, space.knobs, strict=True):
        counts = torch.bincount(column, minlength=len(knob.choices)).double()
        expected = 3000 / len(knob.choices)
        assert float(((counts - expected) ** 2 / expected).sum()) < 16.3  # chi-squared with 3 degrees: 0.1 %


def test_only_what_a_knob_names_changes() -> None:
    space = SPACES["widths"]
    for point in some_points(space, 10):
        design = space.design(point)
        assert design["c"] == START["c"]
        assert {name: set(design[name].slots()) for name in design} == {
            name: set(START[name].slots()) for name in START
        }


def test_the_space_reaches_its_start_and_the_diagonal_its_ends() -> None:
    space = Space(START)
    assert space.design(space.point(START)) == START
    assert space.diagonal[0] == space.narrowest
    assert space.diagonal[-1] == space.widest
    assert {f.bits for f in (space.design(space.diagonal[2])["a"].slots().values())} == {4}


def test_a_tie_shares_the_width_and_not_the_top() -> None:
    space = SPACES["tied"]
    for point in some_points(space, 10):
        design = space.design(point)
        written, read = design["a"].output, design["b"].input
        assert isinstance(written, Fixed)
        assert written == read == Fixed(written.bits, written.bits - 4)
    unequal = Space(START, ties=[(("a", "output"), ("b", "output"))])
    design = unequal.design(unequal.narrowest)
    assert (design["a"].output, design["b"].output) == (Fixed(2, -2), Fixed(2, -4))


def test_multipliers_take_the_widest_formats_and_their_signs() -> None:
    knobs = {knob.name: knob for knob in SPACES["operators"].knobs}
    offered = [value for ((_, value),) in knobs["a.multiplier"].choices]
    assert offered == [*(SignMagnitude(m, False, True) for m in (Mitchell(8, 8), Drum(8, 8, 4), Exact(8, 8))), None]
    assert "b.multiplier" not in knobs  # powers of two are no integers
    assert [value for ((_, value),) in knobs["b.accumulator"].choices][-1] is None
    wide = Space(START, bits=range(4, 10), accumulators=[Accumulator(Fixed(24, 8))]).knobs
    assert "a.accumulator" in {knob.name for knob in wide}
    with pytest.raises(ValueError, match="no layer's formats fit drum"):
        Space(START, bits=range(4, 10), multipliers=[Drum(8, 8, 4)])


def test_every_choice_can_be_emulated(network: Network, start: Design) -> None:
    space = Space.of(network, start, multipliers=catalog(8)[:4], accumulators=[Accumulator(Fixed(20, 8))])
    for point in some_points(space, 6):
        assert emulate(network, space.design(point))(images(2)).isfinite().all()


def test_what_is_added_shares_a_format_and_an_edge_its_width(network: Network, start: Design) -> None:
    space = Space.of(network, start)
    added = [start[name].output for name in ("stem", "outer", "last")]
    assert len(set(added)) > 1
    for point in some_points(space, 20):
        design = space.design(point)
        shared = design["stem"].output
        assert shared is not None
        assert shared == design["outer"].output == design["last"].output
        assert shared.bits == design["inner"].input.bits == design["last"].input.bits == design["fc"].input.bits
        assert design["inner"].output.bits == design["outer"].input.bits
        assert design["stem"].input == start["stem"].input  # the image
    widest = space.design(space.widest)["stem"].output
    assert widest == max(added, key=lambda format: format.maximum)
    free = {knob.name for knob in space.knobs if len(knob.slots) == 1}
    assert free == {"stem.weight", "inner.weight", "outer.weight", "last.weight", "fc.weight", "fc.output"}


def test_choices_a_machine_does_not_support_are_left_out() -> None:
    space = SPACES["widths"].where(lambda layer, chosen: chosen.input is None or chosen.input.bits == 8)
    assert {(knob.name, len(knob.choices)) for knob in space.knobs} == {
        ("a.input", 1), ("a.weight", 3), ("a.output", 3), ("b.input", 1), ("b.weight", 3), ("b.output", 3),
    }  # fmt: skip
    narrow = SPACES["operators"].where(
        lambda layer, chosen: sum(f.bits for f in chosen.slots().values() if hasattr(f, "bits")) < 14
    )
    assert {len(knob.choices) for knob in narrow.knobs if knob.name in ("a.input", "a.weight")} == {2}
    with pytest.raises(ValueError, match="a space without a knob"):
        space.where(lambda layer, chosen: False)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
def test_files_both_ways(space: Space, tmp_path: Path) -> None:
    space.save(tmp_path / "space.json")
    again = Space.load(tmp_path / "space.json")
    assert again == space
    assert hash(again) == hash(space)


def test_tables_lie_beside_the_file(tmp_path: Path) -> None:
    table = tabulate("worn", lambda a, b: a * b & ~3)
    space = Space(START, multipliers=[table])
    space.save(tmp_path / "space.json")
    again = Space.load(tmp_path / "space.json")
    assert again == space
    (multiplier,) = {v for k in again.knobs for c in k.choices for (_, slot), v in c if slot == "multiplier" and v}
    assert isinstance(multiplier, SignMagnitude)
    assert torch.equal(multiplier.multiplier.table(), table.table())


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"adequate_space": 2}, "space version 2; this adequate reads version 1"),
        ({"adequate_space": None}, "a space: 'adequate_space' is None"),
        ({"start": []}, r"a space: 'start' is \[\]"),
        ({"knobs": []}, "a space without a knob"),
        ({"knobs": [{"name": "k"}]}, "knob 'k' has no 'choices'"),
        ({"knobs": [{"name": "k", "choices": []}]}, "knob 'k' has no choice"),
        ({"knobs": [{"name": "k", "choices": ["fixed(8,7)"]}]}, "a choice is an object of layers"),
        (
            {"knobs": [{"name": "k", "choices": [{"a": {"weigth": "fixed(8,7)"}}]}]},
            "no such slot 'weigth'; there are input, weight",
        ),
        ({"knobs": [{"name": "k", "choices": [{"a": {"weight": "fixed(8)"}}]}]}, "layer 'a', slot 'weight': "),
        (
            {"knobs": [{"name": "k", "choices": [{"a": {"weight": "fixed(8,7)"}}, {"b": {"weight": "fixed(8,7)"}}]}]},
            "knob 'k': its choices fill different slots",
        ),
    ],
)
def test_a_file_that_is_no_space_is_refused(change: dict[str, object], message: str, tmp_path: Path) -> None:
    file = tmp_path / "space.json"
    SPACES["widths"].save(file)
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    with pytest.raises(ValueError, match=message):
        Space.load(file)


def test_what_is_not_in_the_space_is_refused() -> None:
    space = SPACES["widths"]
    with pytest.raises(
        ValueError, match="no choice fixed\\(5,4\\); it has fixed\\(2,1\\), fixed\\(3,2\\), fixed\\(8,7\\)"
    ):
        space.point(START.with_layers("a", weight=Fixed(5, 4)))
    with pytest.raises(ValueError, match="layer 'c' has weight fixed\\(8,7\\); in this space it has weight ternary"):
        Space(START).point(Space(START).design(Space(START).widest).with_layers("c", weight=Fixed(8, 7)))
    for point in ((0,), (3,) * 6, (-1,) * 6):
        with pytest.raises(ValueError, match="is no point of this space"):
            space.design(point)
    with pytest.raises(ValueError, match="a space without a knob"):
        Space(Design({"c": LayerDesign(weight=Ternary())}))
    with pytest.raises(ValueError, match="two knobs change the weight of layer 'a'"):
        Space(START, knobs=[Knob(name, (((("a", "weight"), Fixed(2, 1)),),)) for name in "xy"])
    with pytest.raises(ValueError, match="the tie c.weight\\+a.weight has no format"):
        Space(START, bits=(3, 8), ties=[(("c", "weight"), ("a", "weight"))])
