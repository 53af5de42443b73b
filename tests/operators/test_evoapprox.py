"""The published tables of EvoApprox8b: their metrics reproduced, the signed ones' closed form."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch

from adequate.operators import BaughWooley, Tabulated, errors, load_table
from tests.operators.ranks import rank

SIGNED = {  # the dropped partial products, from the tables' README
    "1KV8": BaughWooley(8, 8),
    "1KVA": BaughWooley(8, 8, columns=2),
    "1KVB": BaughWooley(8, 8, columns=3),
    "1KX2": BaughWooley(8, 8, columns=4),
    "1KR8": BaughWooley(8, 8, rows_a=1),
    "1KR6": BaughWooley(8, 8, columns=3, rows_a=1),
    "1KVL": BaughWooley(8, 8, columns=5, rows_a=2),
    "1KTY": BaughWooley(8, 8, rows_a=3),
    "1L2H": BaughWooley(8, 8, rows_a=1, rows_b=1),
    "1L1G": BaughWooley(8, 8, rows_a=3, rows_b=3),
    "1KR3": BaughWooley(8, 8, rows_a=6),
}
PUBLISHED = ("MAE_pct", "WCE_pct", "EP_pct", "MRE_pct", "MSE")


def tables(data_root: Path) -> list[tuple[Tabulated, dict[str, str]]]:
    folder = data_root / "multipliers"
    with (folder / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 28
    found = []
    for row in rows:
        signed = row["signedness"] == "signed"
        found.append((load_table(folder / row["file"], signed_a=signed, signed_b=signed), row))
    return found


def test_signed_tables_are_baugh_wooley_arrays(data_root: Path) -> None:
    for name, multiplier in SIGNED.items():
        table = load_table(data_root / "multipliers" / f"mul8s_{name}.bin", signed_a=True, signed_b=True)
        assert torch.equal(table.table(), multiplier.table()), name


def test_the_table_is_the_file(data_root: Path) -> None:
    for table, row in tables(data_root):
        kind = "<i2" if row["signedness"] == "signed" else "<u2"
        raw = np.fromfile(data_root / "multipliers" / row["file"], dtype=kind).reshape(256, 256)
        assert np.array_equal(table.table().numpy(), raw)


def test_published_metrics(data_root: Path) -> None:
    """The recomputed columns to their last digit; the published ones to one printed digit or 6 %, as `match` states."""
    for table, row in tables(data_root):
        found = errors(table)
        # MAE and WCE are in percent of 2**16
        ours = dict(
            zip(
                PUBLISHED,
                (found.mae / 655.36, found.wce / 655.36, 100 * found.ep, 100 * found.mred, found.mse),
                strict=True,
            )
        )
        for name, value in ours.items():
            assert f"{value:.{decimals(row[f'calc_{name}'])}f}" == row[f"calc_{name}"], f"{table.label} {name}"
            published = float(row[f"pub_{name}"])
            assert abs(value - published) <= max(last_digit(row[f"pub_{name}"]), 0.06 * published), (
                f"{table.label} {name}"
            )
        assert row["match_MAE/WCE/EP/MRE/MSE"] == "ok/ok/ok/ok/ok"
        assert f"{found.bias:.4f}" == row["calc_bias"]
        assert found.wce == float(row["calc_WCE_abs"])


def decimals(text: str) -> int:
    return len(text.partition(".")[2])


def last_digit(text: str) -> float:
    """One unit in the last printed place."""
    mantissa, _, exponent = text.partition("e")
    return 10.0 ** (int(exponent or 0) - decimals(mantissa))


def test_another_table_under_a_known_name_is_noticed(data_root: Path) -> None:
    """As the mul8s_1L2H.h of two public emulators, whose worst case error is not the published 255."""
    with pytest.raises(ValueError, match="wce is 255, but 448 was stated"):
        load_table(data_root / "multipliers" / "mul8s_1L2H.bin", signed_a=True, signed_b=True, stated={"wce": 448})


UNSIGNED_RANKS = {"1JFF": 0, "Y48": 1, "JQQ": 3, "125K": 4, "17C8": 4, "2P7": 6, "KEM": 15, "NGR": 52, "L40": 192}


def test_ranks_of_the_errors(data_root: Path) -> None:
    """Published nowhere; computed once by an independent prototype for the kernels that use low ranks."""
    exact = torch.outer(torch.arange(256), torch.arange(256))
    for name, expected in UNSIGNED_RANKS.items():
        table = load_table(data_root / "multipliers" / f"mul8u_{name}.bin").table()
        assert rank(table - exact) == expected, name
    numbers = torch.arange(256).to(torch.int8).long()
    for name, multiplier in SIGNED.items():
        assert rank(multiplier.table() - torch.outer(numbers, numbers)) <= 4, name
