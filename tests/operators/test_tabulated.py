"""Truth tables: from files, from functions, to files and back."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch

from adequate.circuits import cpp
from adequate.operators import Drum, Tabulated, attach, errors, load_table, parse_operator, save_table, tabulate
from tests.contracts.multiplier_contract import other_with_python_integers


def written(path: Path, products: np.ndarray, kind: str) -> Path:
    path.write_bytes(products.astype(kind).tobytes())
    return path


@pytest.fixture
def drum_file(tmp_path: Path) -> Path:
    return written(tmp_path / "drum.bin", Drum(6, 5, 3).table().numpy(), "<u2")


def test_a_file_is_its_table(drum_file: Path) -> None:
    table = load_table(drum_file, width_a=6, width_b=5)
    assert (table.label, table.sha256) == ("drum", hashlib.sha256(drum_file.read_bytes()).hexdigest())
    assert torch.equal(table.table(), Drum(6, 5, 3).table())
    assert errors(table) == errors(Drum(6, 5, 3))
    assert other_with_python_integers(table) == []


def test_rows_are_the_first_operand_and_negative_ones_come_last(tmp_path: Path) -> None:
    signed = [*range(8), *range(-8, 0)]
    products = np.array([[a * b - 5 * (a < 0) for b in range(8)] for a in signed])
    table = load_table(written(tmp_path / "mine.bin", products, "<i2"), width_a=4, width_b=3, signed_a=True)
    assert table.table()[-1].tolist() == [-5 - b for b in range(8)]
    wide = load_table(written(tmp_path / "wide.bin", products, "<i4"), width_a=4, width_b=3, signed_a=True)
    assert torch.equal(table.table(), wide.table())


def test_a_function_is_its_table() -> None:
    table = tabulate("nearly", lambda a, b: a * b - (a == -2), width_a=3, width_b=4, signed_a=True, signed_b=True)
    assert table.table()[6, 13] == -2 * -3 - 1
    assert table.table()[5, 13] == -3 * -3


def test_to_a_folder_and_back(tmp_path: Path, drum_file: Path) -> None:
    table = load_table(drum_file, width_a=6, width_b=5)
    path = save_table(table, tmp_path)
    assert path.name == f"{table.sha256}.bin"
    bare = parse_operator(str(table))
    assert isinstance(bare, Tabulated)
    assert bare == table
    assert bare.content is None
    assert torch.equal(attach(bare, tmp_path).table(), Drum(6, 5, 3).table())
    path.write_bytes(path.read_bytes()[::-1])
    with pytest.raises(ValueError, match="has the SHA-256"):
        attach(bare, tmp_path)
    path.unlink()
    with pytest.raises(OSError, match=table.sha256):
        attach(bare, tmp_path)


def test_without_content_there_is_no_product() -> None:
    bare = Tabulated("gone", 3, 3, "0" * 64)
    with pytest.raises(ValueError, match="gone.* has no content"):
        bare.table()
    with pytest.raises(ValueError, match="has no content to save"):
        save_table(bare, Path())


def test_a_table_is_no_circuit(drum_file: Path) -> None:
    with pytest.raises(TypeError, match="drum is a table without a circuit"):
        cpp(load_table(drum_file, width_a=6, width_b=5).circuit())


def test_a_wrong_size_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "short.bin", np.zeros(100), "<u2")
    with pytest.raises(ValueError, match=r"short has 200 bytes; a 8x8 table has 131072 \(16-bit entries\) or 262144"):
        load_table(path)


def test_entries_no_product_can_be_are_refused(tmp_path: Path) -> None:
    products = np.zeros((8, 8))
    products[3, 4] = 65
    with pytest.raises(ValueError, match="entry of magnitude 65; products of 6 operand bits are up to 64"):
        load_table(written(tmp_path / "far.bin", products, "<i4"), width_a=3, width_b=3)
    with pytest.raises(ValueError, match="entry of magnitude 65"):
        tabulate("far", lambda a, b: -65, width_a=3, width_b=3)


def test_a_statistic_that_was_stated_is_checked(drum_file: Path) -> None:
    right = errors(Drum(6, 5, 3))
    load_table(drum_file, width_a=6, width_b=5, stated={"wce": right.wce, "mred": right.mred * 1.05})
    with pytest.raises(ValueError, match=r"drum.bin: wce is \d+, but [\d.]+ was stated"):
        load_table(drum_file, width_a=6, width_b=5, stated={"wce": 1.1 * right.wce})


def test_too_many_operand_bits_are_refused() -> None:
    with pytest.raises(ValueError, match="must be an integer from 2 to 24, not 26"):
        Tabulated("wide", 13, 13, "0" * 64)
