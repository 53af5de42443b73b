"""Exports as folders: whole, the same twice, harmless names, and no wrong bit unseen."""

import json
import subprocess
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from adequate.exporters import Mismatch, export_hls, run_hls, verify_hls
from adequate.program import Program, ToFixed
from tests.circuits.running import require_tool
from tests.exporters.sketch import Sketch, images

QUICK = ["-O0"]


def classifier(names: tuple[str, str, str] = ("conv", "round", "table")) -> Program:
    """A convolution, a rounding by a shift, a table."""
    sketch = Sketch()
    x = sketch.input("x", (1, 2, 5, 5), -128, 127)
    w = sketch.constant("w", np.random.default_rng(0).integers(-8, 8, (3, 2, 3, 3)))
    y = sketch.round(names[1], sketch.convolve(names[0], x, w, bias=[5, 6, -7]), [Fraction(1, 64)], ToFixed(-16, 15))
    return sketch.program(sketch.table(names[2], y, np.random.default_rng(1).integers(-50, 50, 32).tolist()))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    require_tool("g++")
    program = classifier()
    export_hls(program, tmp_path / "export", images=images(program, 20))
    return tmp_path / "export"


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def test_other_images_have_the_programs_outputs(export: Path) -> None:
    program = classifier()
    given = images(program, 6, seed=7)
    (found,) = run_hls(export, [np.stack([image[0] for image in given])], flags=QUICK)
    for image, output in zip(given, found, strict=True):
        assert np.array_equal(program.run(*image)[0], output)
    with pytest.raises(ValueError, match=r"takes inputs of the shapes \[\(1, 2, 5, 5\)\]"):
        run_hls(export, [np.zeros((4, 2, 5, 5))], flags=QUICK)
    with pytest.raises(ValueError, match="takes integers of 8 bits, not 128 to 128"):
        run_hls(export, [np.full((1, 1, 2, 5, 5), 128)], flags=QUICK)


def test_the_readme_says_what_the_ports_are_of_and_what_their_integers_stand_for(export: Path) -> None:
    said = (export / "README.md").read_text().splitlines()
    assert "| input_0 | x | 1 x 2 x 5 x 5 | fixed(32,0) | s8 | 2^0 |" in said
    assert "| output_0 | table | 1 x 3 x 3 x 3 |  | s7 | 2^0 |" in said


def flip_weight(folder: Path) -> None:
    file = next(folder.glob("weights/weights_*.bin"))
    content = bytearray(file.read_bytes())
    content[0] ^= 0b1000  # the sign of the first weight, of 4 bits
    file.write_bytes(content)


def change_table(folder: Path) -> None:
    file = next(folder.glob("weights/entries_*.bin"))
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1  # of the entry for 0, or of its neighbour
    file.write_bytes(content)


def change_shift(folder: Path) -> None:
    source = (folder / "network.cpp").read_text()
    assert source.count(", int(6))") == 1
    (folder / "network.cpp").write_text(source.replace(", int(6))", ", int(7))"))


@pytest.mark.parametrize(
    ("mutate", "layer"),
    [(flip_weight, "conv"), (change_table, "table"), (change_shift, "round")],
    ids=["weight", "table", "shift"],
)
def test_a_wrong_bit_is_found(export: Path, mutate: Callable[[Path], None], layer: str) -> None:
    mutate(export)
    found = verify_hls(export, flags=QUICK)
    assert not found
    assert isinstance(found.mismatch, Mismatch)
    assert found.mismatch.layer == layer
    assert found.mismatch.expected != found.mismatch.found


@pytest.mark.slow
def test_what_is_missing_or_does_not_compile_is_said(export: Path) -> None:
    file = next(export.glob("weights/weights_*.bin"))
    whole = file.read_bytes()
    file.write_bytes(whole[:-1])
    with pytest.raises(ValueError, match="weights.*bin is missing or too short"):
        verify_hls(export, flags=QUICK)
    file.write_bytes(whole)
    source = (export / "network.cpp").read_text()
    (export / "network.cpp").write_text(source.replace("PROBE(1, ", "(void)(1, "))
    with pytest.raises(ValueError, match="does not compile"):
        verify_hls(export, flags=QUICK)
    (export / "network.cpp").write_text(source.replace("PROBE(1, ", "// "))
    with pytest.raises(ValueError, match="did not compare 2160 values: 0 mismatches of 1620 values"):
        verify_hls(export, flags=QUICK)


HOSTILE = ('*/ #error "1"\n#error 2 \\', "int", "%s`|<b>../../x\0é")


def test_names_are_text_and_never_code(tmp_path: Path) -> None:
    require_tool("g++")
    program = classifier(HOSTILE)
    export_hls(program, tmp_path / "export", images=images(program, 1))
    assert verify_hls(tmp_path / "export", flags=QUICK)
    for name, content in contents(tmp_path / "export").items():
        if name != "manifest.json" and not name.endswith((".bin", ".hpp")):
            assert not any(sign in content for sign in (b"\n#error", b"*/", b"\\\n", b"%s", b"<b>", b"\xc3", b"\0")), (
                name
            )
    assert tuple(json.loads((tmp_path / "export/manifest.json").read_text())["layers"]) == HOSTILE
    assert sorted(one.name for one in tmp_path.iterdir()) == ["export"]


def test_the_same_program_gives_the_same_bytes(tmp_path: Path) -> None:
    program = classifier()
    for name in ("one", "two"):
        export_hls(program, tmp_path / name, images=images(classifier(), 2))
    export_hls(classifier(), tmp_path / "one", images=images(program, 2))  # in place of the first
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


def test_a_folder_is_whole_or_as_it_was(tmp_path: Path) -> None:
    program = classifier()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match="holds something else than an export"):
        export_hls(program, tmp_path / "mine", images=images(program, 1))
    with pytest.raises(ValueError, match="at least one image"):
        export_hls(program, tmp_path / "new", images=[])
    sketch = Sketch()
    x = sketch.input("x", (1, 2), 0, 2**64)
    wide = sketch.program(sketch.multiply("square", x, x))
    with pytest.raises(ValueError, match="value 'square:y' needs integers of 129 bits, and C\\+\\+ has 127"):
        export_hls(wide, tmp_path / "new", images=images(wide, 1))
    with pytest.raises(ValueError, match="is no export to C\\+\\+"):
        verify_hls(tmp_path / "mine")
    assert contents(tmp_path) == {"mine/thesis.tex": b"years of work"}


@pytest.mark.slow
def test_make_checks_and_writes_initialisers_for_synthesis(export: Path) -> None:
    require_tool("make")
    said = subprocess.run(["make", "-s", "-C", export, "check", "initialisers"], check=True, capture_output=True)
    assert said.stdout.decode().strip() == "0 mismatches of 2160 values"
    program = classifier()
    (image,) = images(program, 1, seed=3)
    numbers = ",".join(map(str, image[0].reshape(-1)))
    (export / "main.cpp").write_text(
        f"""
        #include <cstdio>
        #include "network.cpp"
        static const int IMAGE[] = {{{numbers}}};
        static stream<integer<8>, 50> x;
        static stream<integer<7>, 27> y;
        int main() {{
            for (int n : IMAGE) x.write(integer<8>(n));
            network(x, y);
            while (!y.empty()) std::printf("%d\\n", int(y.read()));
        }}
        """
    )
    alone = ["g++", "-std=c++17", "-O2", "-Wall", "-Wextra", "-Werror"]
    subprocess.run([*alone, "-c", "network.cpp", "-o", "network.o"], cwd=export, check=True)
    synthesized = ["-D__SYNTHESIS__", "-Wno-unknown-pragmas", "main.cpp", "-o", "main"]
    subprocess.run([*alone, *synthesized], cwd=export, check=True)
    output = subprocess.run([export / "main"], check=True, capture_output=True).stdout
    assert [int(line) for line in output.split()] == program.run(*image)[0].reshape(-1).tolist()
