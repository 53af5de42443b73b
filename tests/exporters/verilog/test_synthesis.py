"""Areas of processing elements: what is in one, and the order of their sizes."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from adequate.accelerators import Target, Yosys, synthesize
from adequate.exporters.verilog.hardware import Mac
from adequate.exporters.verilog.synthesis import synthesize_element
from adequate.operators import Exact, tabulate
from adequate.studies.elements import DESIGNS, QUICK, Row, hardware, run
from adequate.studies.table import cells
from tests.accelerators.installed import require_yosys

NIBBLES = hardware(DESIGNS["4 x 4 bits"])


@pytest.fixture(scope="module")
def yosys(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yosys]:
    """With a cache of its own: what other runs have kept is no evidence."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adequate.accelerators.synthesis.cache_folder", lambda: folder)
        yield require_yosys()


def test_an_element_is_a_multiplier_an_adder_and_the_flip_flops_of_its_sum(yosys: Yosys) -> None:
    found = synthesize_element(NIBBLES, target=Target.GATES, yosys=yosys)
    assert found.flip_flops == NIBBLES.sum == 14
    multiplier = Exact(4, 4, signed_a=True, signed_b=True)
    product = synthesize(multiplier.circuit(), target=Target.GATES, yosys=yosys).gates
    assert found.gates is not None
    assert product is not None
    # a bit: five of the adder, one that ``fresh`` clears, three each that choose the bias and keep the sum
    assert product + 5 * 14 < found.gates <= product + (5 + 1 + 3 + 3) * 14
    assert synthesize_element(NIBBLES, target=Target.GATES, yosys=replace(yosys, command="/there/is/none")) == found


def test_partial_sums_that_are_kept_take_flip_flops(yosys: Yosys) -> None:
    kept = replace(NIBBLES, levels=2)
    assert synthesize_element(kept, target=Target.GATES, yosys=yosys).flip_flops == 3 * NIBBLES.sum


@pytest.mark.slow
def test_sizes_are_in_the_order_of_the_operands(yosys: Yosys) -> None:
    sizes = [
        synthesize_element(hardware(DESIGNS[name]), yosys=yosys).transistors or 0
        for name in ("signs", "4 x 4 bits", "8 bits shifted", "8 x 8 bits", "16 x 16 bits")
    ]
    assert sizes == sorted(set(sizes))
    assert sizes[1] > 16 * NIBBLES.sum  # of its flip-flops alone


@pytest.mark.slow
def test_the_quick_study_has_a_row_for_each_design(yosys: Yosys) -> None:
    rows, figures = run(None, quick=True)  # type: ignore[arg-type]
    assert figures == []
    assert [row.design for row in rows] == list(QUICK)
    assert rows[0].flip_flops == NIBBLES.sum
    head, *body = cells(rows)
    assert {len(one) for one in body} == {len(head)}


def test_a_row_has_a_cell_for_each_head() -> None:
    row = Row("4 x 4 bits", 4, 4, 14, 40, 4, 14, 0, 1, 150, 1000, "Yosys 0.23 (git sha1 7ce)")
    head, body = cells([row])
    assert len(head) == len(body)
    assert body[-1] == "Yosys 0.23"


@pytest.mark.parametrize("bits", [4, 8, 16])
def test_a_sum_holds_all_products(bits: int) -> None:
    """64 = 2**6 of 2**(2 bits - 2), and a sign."""
    one = hardware(DESIGNS[f"{bits} x {bits} bits"])
    assert one.sum == 2 * bits - 2 + 6 + 2
    assert one.weight == one.word == bits


def test_what_has_no_circuit_is_named(yosys: Yosys) -> None:
    table = tabulate("odd", lambda a, b: a * b - (a == b), width_a=4, width_b=4, signed_a=True, signed_b=True)
    with pytest.raises(ValueError, match="odd.* is a table: there is no circuit to synthesize"):
        synthesize_element(replace(NIBBLES, macs=(Mac(table),)), yosys=yosys)
    with pytest.raises(ValueError, match="no processing element: no layer of its programs sums products"):
        synthesize_element(replace(NIBBLES, macs=()), yosys=yosys)
