"""The user's own multiplier from a Verilog netlist, simulated once into a table. Needs Icarus Verilog."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from adequate.formats.checks import require_int
from adequate.operators.tabulated import Tabulated, require_range

TIMEOUT_S = 600
"""A simulation that takes longer is given up: 65,536 pairs take seconds."""

_SKIPPED = re.compile(r'"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/|\\\S+', re.DOTALL)  # strings, comments, escaped names
_FORBIDDEN = re.compile(r"\"|/\*|`(?!timescale\b)\w*|(?<![\w$])\$\w+|\b(?:initial|always|forever)\b")


def load_netlist(
    files: Sequence[Path],
    module: str,
    *,
    ports: tuple[str, str, str] = ("A", "B", "O"),
    width_a: int = 8,
    width_b: int = 8,
    signed_a: bool = False,
    signed_b: bool = False,
    label: str | None = None,
) -> Tabulated:
    """The table of a combinational Verilog module, with 32-bit entries.

    ``files`` are the netlist and the cells that it uses; ``ports`` the names of the activation, the weight and the
    product, which has width_a + width_b bits and is signed if an operand is. Files are only simulated if they are mere
    netlists: no system task, no directive but `` `timescale``, no process.

    Raises:
        OSError: a file cannot be read, or Icarus Verilog is not installed.
        ValueError: a file is no mere netlist, a name is no identifier, the simulator refuses the files, or an output
            bit is undefined (x or z).
    """
    for name in (module, *ports):
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise ValueError(f"{name!r} is not a Verilog identifier")
    require_int("operand bits of a netlist", width_a + width_b, 2, 24)
    source = "\n".join(Path(path).read_text(encoding="utf-8") for path in files)
    if found := _FORBIDDEN.search(_SKIPPED.sub(" ", source)):
        raise ValueError(f"the files of {module} are no mere netlist: they have {found[0]!r}")
    width = width_a + width_b
    bench = f"""
        module adequate_bench;
          reg [{width_a - 1}:0] a; reg [{width_b - 1}:0] b; wire [{width - 1}:0] y; integer i;
          {module} dut(.{ports[0]}(a), .{ports[1]}(b), .{ports[2]}(y));
          initial for (i = 0; i < {2**width}; i = i + 1) begin {{a, b}} = i; #1 $display("%b", y); end
        endmodule
    """
    lines = _simulated(source + bench, module).split()
    if undefined := [line for line in lines if set(line) - {"0", "1"}]:
        raise ValueError(f"{module} has an undefined output, {undefined[0]}, for {len(undefined)} of {2**width} pairs")
    products = np.array([int(line, 2) for line in lines], dtype=np.int64)
    if signed_a or signed_b:
        products -= (products >> (width - 1)) << width
    content = products.astype("<i4").tobytes()
    digest = hashlib.sha256(content).hexdigest()
    table = Tabulated(label or module, width_a, width_b, digest, signed_a, signed_b, content)
    require_range(table)
    return table


def _simulated(source: str, module: str) -> str:
    tools = [shutil.which(name) for name in ("iverilog", "vvp")]
    if None in tools:
        raise FileNotFoundError("iverilog and vvp, of Icarus Verilog, are not installed")
    with TemporaryDirectory() as folder:
        file, program = Path(folder) / "netlist.v", Path(folder) / "netlist"
        file.write_text(source)
        compiled = subprocess.run(
            [str(tools[0]), "-g2005", "-s", "adequate_bench", "-o", program, file],
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
        )
        if compiled.returncode:
            raise ValueError(f"{module} cannot be simulated: {compiled.stderr.strip().replace(str(file), 'line')}")
        try:
            run = subprocess.run([str(tools[1]), "-n", program], capture_output=True, text=True, timeout=TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise ValueError(f"{module} was not simulated within {TIMEOUT_S} seconds") from None
    return run.stdout
