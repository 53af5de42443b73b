"""A program read back from its files is the same program."""

import json
from pathlib import Path

import numpy as np
import pytest

from adequate.exporters.program_file import load_program, save_program
from tests.lowering.cases import NETWORKS, images, lowered, network


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.slow) for seed in (4, 5))])
def test_round_trip(seed: int, tmp_path: Path) -> None:
    kind = NETWORKS[seed % len(NETWORKS)]
    _, program = lowered(network(kind, seed), seed)
    once, twice = tmp_path / "once", tmp_path / "twice"
    for folder in (once, twice):
        folder.mkdir()
    save_program(program, once)
    read = load_program(once)
    save_program(read, twice)
    assert (once / "program.json").read_bytes() == (twice / "program.json").read_bytes()
    image = program.encode(images(kind, seed, 1))
    wanted, got = program.trace(*image), read.trace(*image)
    assert wanted.keys() == got.keys()
    assert all(np.array_equal(wanted[name], got[name]) for name in wanted)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"adequate_program": 1', '"adequate_program": 2', "version 2"),
        ('"Convolve"', '"__import__"', "no such step '__import__'; there are Add, "),
        ('"Window"', '"Path"', "no such part of a step 'Path'"),
        ('"noun": "Window"', '"nouns": "Window"', "'noun'"),
        ('"outputs": [', '"outputs": ["nothing", ', "no step makes 'nothing'"),
    ],
)
def test_a_damaged_file_is_refused(old: str, new: str, message: str, tmp_path: Path) -> None:
    _, program = lowered(network(NETWORKS[3], 0), 0)
    save_program(program, tmp_path)
    file = tmp_path / "program.json"
    text = json.dumps(json.loads(file.read_text()))
    assert old in text
    file.write_text(text.replace(old, new))
    with pytest.raises(ValueError, match=message.replace("[", r"\[")) as caught:
        load_program(tmp_path)
    assert str(file) in str(caught.value)
