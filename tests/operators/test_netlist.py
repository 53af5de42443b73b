"""Multipliers from Verilog netlists."""

from pathlib import Path

import pytest
import torch

from adequate.circuits.verilog import verilog
from adequate.operators import BaughWooley, Drum, Multiplier
from adequate.operators.netlist import load_netlist
from tests.circuits.running import require_tool

HALF_PRODUCT = """
// the two-bit block of Kulkarni, `include "nothing" in a comment
module block(input [1:0] A, input [1:0] B, output [3:0] O);
  wire \\$weird ; /* $display in a comment */
  assign \\$weird = A[1] & B[1];
  assign O = {1'b0, \\$weird , (A[1] & B[0]) | (A[0] & B[1]), A[0] & B[0]};
endmodule
"""


@pytest.fixture
def netlist(tmp_path: Path) -> Path:
    require_tool("iverilog")
    path = tmp_path / "netlist.v"
    path.write_text(HALF_PRODUCT)
    return path


def test_a_netlist_is_its_table(netlist: Path) -> None:
    table = load_netlist([netlist], "block", width_a=2, width_b=2)
    assert table.table().tolist() == [[0, 0, 0, 0], [0, 1, 2, 3], [0, 2, 4, 6], [0, 3, 6, 7]]


@pytest.mark.parametrize("multiplier", [Drum(5, 4, 2), BaughWooley(4, 5, columns=2)], ids=str)
def test_what_we_write_we_read(multiplier: Multiplier, tmp_path: Path) -> None:
    require_tool("iverilog")
    circuit, a, b = multiplier.circuit(), multiplier.a, multiplier.b
    path = tmp_path / "ours.v"
    path.write_text(verilog(circuit))
    shape = {"width_a": a.width, "width_b": b.width, "signed_a": a.signed, "signed_b": b.signed}
    table = load_netlist([path], circuit.name, ports=("a", "b", "y"), **shape)
    assert torch.equal(table.table(), multiplier.table())


@pytest.mark.parametrize(
    "line",
    [
        '`include "/etc/passwd"',
        "`define X",
        'initial $system("true");',
        "$finish;",
        "always @(A) ;",
        "initial forever;",
    ],
)
def test_what_is_more_than_a_netlist_is_refused(line: str, tmp_path: Path) -> None:
    path = tmp_path / "evil.v"
    path.write_text(HALF_PRODUCT.replace("wire", f"{line}\nwire"))
    with pytest.raises(ValueError, match="the files of block are no mere netlist: they have"):
        load_netlist([path], "block", width_a=2, width_b=2)


def test_a_comment_across_files_hides_nothing(tmp_path: Path) -> None:
    (tmp_path / "one.v").write_text(HALF_PRODUCT + "/*")
    (tmp_path / "two.v").write_text('" */ module evil; initial $finish; endmodule /* " */')
    with pytest.raises(ValueError, match="no mere netlist: they have"):
        load_netlist([tmp_path / "one.v", tmp_path / "two.v"], "block", width_a=2, width_b=2)


def test_what_cannot_be_simulated_is_refused(netlist: Path) -> None:
    with pytest.raises(ValueError, match="nothing cannot be simulated: .*nothing"):
        load_netlist([netlist], "nothing", width_a=2, width_b=2)
    with pytest.raises(ValueError, match="'x;y' is not a Verilog identifier"):
        load_netlist([netlist], "x;y")
    netlist.write_text(HALF_PRODUCT.replace("{1'b0, ", "{1'bz, "))
    with pytest.raises(ValueError, match="block has an undefined output, z000, for 16 of 16 pairs"):
        load_netlist([netlist], "block", width_a=2, width_b=2)
