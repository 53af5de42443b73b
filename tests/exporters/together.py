"""Many exports to C++ in one compilation, each in a namespace of its own: the headers are read once for all."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from adequate.exporters.folder import read_manifest
from adequate.exporters.hls.compiler import compiled

_GUARDS = ("ADEQUATE_NETWORK_H", "ADEQUATE_PARAMETERS_H", "ADEQUATE_TESTBENCH_HPP", "PROBE")
"""Of the files that belong to one network."""


def wrong_together(exports: Sequence[Path], work: Path) -> dict[Path, str]:
    """What the testbenches say of those exports that do not equal their vectors; they are compiled as one program."""
    lines = ["#include <cstdlib>", "#include <memory>", f'#include "{exports[0] / "files.hpp"}"']
    for at, one in enumerate(exports):
        lines += [f"namespace export_{at} {{", f'#include "{one / "testbench.cpp"}"', "}"]
        lines += [f"#undef {guard}" for guard in _GUARDS]
    mains = ", ".join(f"export_{at}::main" for at, _ in enumerate(exports))
    lines += [
        "int main(int count, char** arguments) {",
        f"    int (*const mains[])(int, char**) = {{{mains}}};",
        "    return mains[std::atoi(arguments[1])](count - 1, arguments + 1);",
        "}",
    ]
    source = work / "together.cpp"
    source.write_text("\n".join([*lines, ""]))
    program, said = compiled(source, work, ["-O0"]), dict[Path, str]()
    for at, one in enumerate(exports):
        ran = subprocess.run([program, str(at), "verify", one], capture_output=True, text=True, check=False)
        if ran.stdout.strip() != f"0 mismatches of {read_manifest(one)['values']} values":
            said[one] = f"{ran.stdout}{ran.stderr}".strip() or f"exit code {ran.returncode}"
    return said
