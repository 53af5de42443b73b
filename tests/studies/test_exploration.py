"""The study of fronts: its space, what it calls beaten, and the whole of it on the digits."""

from collections.abc import Sequence
from pathlib import Path

import pytest
import torch
from torch import Generator, Tensor, nn

from adequate.design import Design, LayerDesign
from adequate.emulation import emulate
from adequate.exploration import Trial
from adequate.formats import Fixed
from adequate.network import Network, trace
from adequate.profiling import profile
from adequate.studies import exploration
from adequate.studies.exploration_laboratory import beaten_by
from adequate.studies.exploration_rows import Measured, Row
from adequate.studies.exploration_space import operand_bits, space_of, uniform, whole_weights, wide_outputs
from adequate.studies.exploration_subjects import OBJECTIVES
from adequate.studies.table import cells, markdown

BITS = range(2, 9)


class Residual(nn.Module):
    """Two convolutions around a sum, a pooling, and an answer."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.inner = nn.Conv2d(4, 6, 3, padding=1)
        self.outer = nn.Conv2d(6, 4, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.answer = nn.Linear(4 * 9, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.stem(x))
        x = torch.relu(x + self.outer(torch.relu(self.inner(x))))
        return self.answer(self.pool(x).flatten(1))


@pytest.fixture(scope="module")
def images() -> Tensor:
    return torch.randn(20, 1, 6, 6, generator=Generator().manual_seed(1))


@pytest.fixture(scope="module")
def network(images: Tensor) -> Network:
    torch.manual_seed(0)
    return trace(Residual().eval(), images[:2])


@pytest.fixture(scope="module")
def uniforms(network: Network, images: Tensor) -> dict[int, Design]:
    ranges = profile(network, [(images, torch.zeros(20, dtype=torch.int64))])
    return {bits: uniform(network, ranges, bits) for bits in BITS}


def test_uniform_designs_are_the_diagonal(network: Network, uniforms: dict[int, Design]) -> None:
    space = space_of(network, list(uniforms.values()))
    assert [space.design(point) for point in space.diagonal] == [uniforms[bits] for bits in BITS]
    for bits, design in uniforms.items():
        assert operand_bits(network, design) == (bits, bits)


def test_weights_can_be_covered_whole(network: Network, uniforms: dict[int, Design], images: Tensor) -> None:
    ranges = profile(network, [(images, torch.zeros(20, dtype=torch.int64))])
    whole = whole_weights(network, ranges, 2)
    changed = [name for name in whole if whole[name].weight != uniforms[2][name].weight]
    assert changed
    for name in whole:
        assert -whole[name].weight.minimum >= max(map(abs, ranges[name].weight.interval))  # type: ignore[union-attr]
        assert whole[name].input == uniforms[2][name].input
    knobs = {knob.name: knob for knob in space_of(network, [uniforms[2], whole]).knobs}
    assert {name for name, knob in knobs.items() if len(knob.choices) == 2} == {f"{name}.weight" for name in changed}


def test_each_addend_has_its_own_knob_and_so_has_what_reads_the_sum(
    network: Network, uniforms: dict[int, Design]
) -> None:
    names = {knob.name for knob in space_of(network, list(uniforms.values())).knobs}
    assert names == {
        "stem.weight", "stem.output", "inner.input", "inner.weight", "inner.output+outer.input",
        "outer.weight", "outer.output", "answer.input", "answer.weight", "answer.output",
    }  # fmt: skip


def test_an_edge_through_monotone_operations_is_rounded_once(
    network: Network, uniforms: dict[int, Design], images: Tensor
) -> None:
    for design in uniforms.values():
        assert design["inner"].output == design["outer"].input
        assert not design["outer"].input.signed  # type: ignore[union-attr]
        later = design.with_layers("inner", output=None)
        with torch.no_grad():
            assert torch.equal(emulate(network, design)(images), emulate(network, later)(images))


def test_sums_and_the_answer_can_be_wide(network: Network, uniforms: dict[int, Design]) -> None:
    design = wide_outputs(space_of(network, list(uniforms.values())), 0, 6)
    assert [design[name].output.bits for name in ("stem", "inner", "outer", "answer")] == [8, 2, 8, 8]  # type: ignore[union-attr]
    assert {design[name].weight.bits for name in design} == {2}  # type: ignore[union-attr]


def tried(accuracy: float, *costs: float) -> Trial:
    design = Design({"fc": LayerDesign(weight=Fixed(8, round(sum(costs))))})
    return Trial(design, {"accuracy": accuracy, **dict(zip(OBJECTIVES, costs, strict=True))})


def test_a_rival_is_beaten_by_the_cheapest_that_is_nowhere_worse() -> None:
    rival = tried(0.9, 10, 10, 10)
    dearer, cheaper, lossy, elsewhere = (
        tried(0.95, 9, 10, 10), tried(0.9, 8, 9, 9), tried(0.89, 1, 1, 1), tried(0.99, 1, 1, 11),
    )  # fmt: skip
    assert beaten_by(rival, [dearer, cheaper, lossy, elsewhere]) == cheaper
    assert beaten_by(rival, [lossy, elsewhere, rival]) is None


def test_a_row_says_shares_of_the_costs_and_nothing_where_nothing_beats_it() -> None:
    ours = Measured(4, 4.5, 0.9, 0.8, (10e3, 2e6, 4e6))
    beaten = Row("lenet", "uniform 4", ours, Measured(3, 3, 0.95, 0.85, (5e3, 1e6, 3e6)), also_on_test=False)
    head, one, other = cells([beaten, Row("lenet", "full precision", Measured(32, 32, 1, 0.9, (None,) * 3))])
    assert len(head) == len(one) == len(other)
    assert one[2:9] == ("4.00", "4.50", "90.00", "80.00", "10", "2.0", "4.0")
    assert one[9:] == ("95.00", "85.00", "0.50", "0.50", "0.75", "no")
    assert other[6:] == ("",) * 9
    assert len(markdown([beaten]).splitlines()) == 3


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="no such network 'vgg'; there are lenet, resnet20"):
        exploration.run(Path("unused"), tables=("vgg",))


@pytest.mark.slow
def test_the_digits_front_beats_uniform_designs(tmp_path: Path) -> None:
    rows, figures = exploration.run(tmp_path, quick=True)
    by_name = {row.design: row for row in rows}
    for bits in range(3, 9):
        row = by_name[f"uniform {bits}"]
        assert row.better is not None
        assert row.better.chosen_on >= row.ours.chosen_on
        assert all(new <= old for new, old in zip(costs(row.better), costs(row.ours), strict=True))
    assert [figure.name for figure in figures] == [f"digits-cnn, {name}" for name in OBJECTIVES]
    saved = [Design.load(path) for path in sorted((tmp_path / "digits-cnn" / "front").glob("*.json"))]
    assert len(saved) == len(dict(figures[0].lines)["front"])
    again, _ = exploration.run(tmp_path, quick=True)
    assert again == rows


def costs(measured: Measured) -> Sequence[float]:
    return [cost for cost in measured.costs if cost is not None]
