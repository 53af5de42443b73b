"""A folder with the C++ of a program, its arrays, vectors and testbench."""

from collections.abc import Iterable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from adequate.exporters.folder import whole_folder, write_manifest
from adequate.exporters.hls.compiler import FLAGS, STRICT
from adequate.exporters.hls.readme import readme
from adequate.exporters.hls.scope import Scope, scope_of
from adequate.exporters.hls.source import source
from adequate.exporters.hls.testbench import layout, testbench, vectors
from adequate.program import Program
from adequate.program.steps import Array

HEADERS = ("arithmetic.hpp", "files.hpp", "testbench.hpp")
"""The files that are the same in every export."""

MAKEFILE = f"""\
CXX ?= g++
CXXFLAGS ?= {" ".join(FLAGS)}

.PHONY: all check initialisers clean
all: build/testbench

check: build/testbench ## runs the network on the vectors and compares every layer
\t./build/testbench verify

initialisers: build/testbench ## the arrays as text, which a synthesized network includes
\t./build/testbench initialisers

build/testbench: $(wildcard *.cpp *.h *.hpp)
\t@mkdir -p build
\t$(CXX) {" ".join(STRICT)} $(CXXFLAGS) testbench.cpp -o $@

clean:
\trm -rf build weights/*.inc
"""


def export_hls(program: Program, folder: Path, *, images: Sequence[Sequence[Array]]) -> None:
    """Writes a program as C++17 that g++ compiles alone and that is written for high-level synthesis.

    ``images`` are, for each image, the integers of the program's inputs (``Program.encode``); the folder has every
    layer's output for them, and a testbench that compares. What is there is replaced if it is an export; the folder is
    whole or absent, and equal arguments give equal bytes.

    Raises:
        OSError: the folder cannot be written.
        ValueError: no image, a value that C++ has no integers for, or a folder that holds something else.
    """
    if not images:
        raise ValueError("an export needs at least one image for its vectors")
    scope = scope_of(program)
    made = source(scope)
    recorded = vectors(scope, [program.trace(*image) for image in images])
    with whole_folder(folder) as root:
        for name in HEADERS:
            (root / name).write_text((files("adequate.exporters.hls") / name).read_text())
        (root / "network.h").write_text(made.header)
        (root / "network.cpp").write_text(made.network)
        (root / "parameters.h").write_text(made.parameters)
        (root / "testbench.cpp").write_text(testbench(scope, len(images)))
        (root / "Makefile").write_text(MAKEFILE)
        (root / "README.md").write_text(readme(scope))
        for part, contents in (("weights", {one.name: one.content for one in made.arrays}), ("vectors", recorded)):
            (root / part).mkdir()
            for name, content in contents.items():
                (root / part / f"{name}.bin").write_bytes(content)
        _describe(root, scope, len(images))


def _describe(root: Path, scope: Scope, images: int) -> None:
    """The facts that running and verifying need; names are text here, and no code."""
    program = scope.program

    def ports(names: Iterable[str]) -> list[dict[str, Any]]:
        found = ((scope.program.values[name].shape, *layout(scope, name)) for name in names)
        return [{"shape": shape, "bits": width, "signed": signed} for shape, width, signed in found]

    outputs = [*program.layers.values(), *program.outputs]
    write_manifest(
        root,
        "hls",
        images=images,
        values=images * sum(scope.size(name) for name in outputs),
        inputs=ports(step.value.name for step in program.inputs),
        outputs=ports(program.outputs),
        layers=list(program.layers),
    )
