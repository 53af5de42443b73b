"""The table of areas: what is in it, and that its order is that of the partial products."""

from pathlib import Path

import pytest

from adequate.accelerators import Target, synthesize
from adequate.circuits import Word
from adequate.formats import Fixed
from adequate.operators import Accumulator, Exact, Multiplier, errors
from adequate.operators.mac import mac
from adequate.operators.units import grid
from adequate.studies import synthesis
from adequate.studies.synthesis import MULTIPLIERS, Row, register_for
from adequate.studies.table import cells, markdown
from tests.accelerators.installed import require_yosys

ROW = Row("exact(4,4)", 0.0, 0.0, 0.25, 1.0, 22, 2, 64, 420, 0.0379, 16, 59, 5, 132, 888, "Yosys 0.23 (git sha1 7ce)")


def test_a_row_has_a_cell_for_each_head() -> None:
    head, body = cells([ROW])
    assert len(head) == len(body)
    assert body[:6] == ("exact(4,4)", "0.00", "0.00", "25.00", "100.00", "22")
    assert body[9] == "0.038"
    assert body[-1] == "Yosys 0.23"
    assert len(markdown([ROW]).splitlines()) == 3


@pytest.mark.parametrize("multiplier", [one for table in MULTIPLIERS.values() for one in table[:9]], ids=str)
def test_a_register_holds_the_largest_product_256_times(multiplier: Multiplier) -> None:
    register = register_for(multiplier)
    assert isinstance(register, Fixed)
    largest = [2**one.width - 1 if not one.signed else -(2 ** (one.width - 1)) for one in (multiplier.a, multiplier.b)]
    if multiplier.product is None:
        product = multiplier(
            *(Word(v, o.width, o.signed) for v, o in zip(largest, (multiplier.a, multiplier.b), strict=True))
        )
        assert abs(product.value) * 255 <= register.word.stop
        assert grid(multiplier.a) + grid(multiplier.b) + register.frac == 0
    else:
        assert register.maximum >= 255 * multiplier.product.maximum
        assert register.frac == -(multiplier.product.grid or 0)


@pytest.mark.slow
def test_the_quick_study_is_what_synthesis_finds() -> None:
    yosys = require_yosys()
    rows, figures = synthesis.run(Path("unused"), quick=True)
    assert figures == []
    assert [row.multiplier for row in rows] == [str(one) for one in synthesis.QUICK]
    exact, truncated, perforated, xnor = rows
    small = Exact(4, 4)
    assert exact.gates == synthesize(small.circuit(), target=Target.GATES, yosys=yosys).gates
    unit = mac(small, Accumulator(Fixed(16, 0, signed=False)))
    assert exact.mac_transistors == synthesize(unit, yosys=yosys).transistors
    assert exact.mred == 0 < truncated.mred == errors(synthesis.QUICK[1]).mred
    assert (exact.transistors or 0) > (truncated.transistors or 0) > (perforated.transistors or 0)
    assert xnor.energy_pj < exact.energy_pj < 0.2
