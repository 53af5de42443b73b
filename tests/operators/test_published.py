"""Folders of published tables: what is listed is loaded and checked, what is wrong is named."""

import csv
from pathlib import Path

import numpy as np
import pytest

from adequate.operators import errors
from adequate.operators.published import load_published

PRODUCTS = np.outer(np.arange(256), np.arange(256))
COARSE = (PRODUCTS & ~3).astype("<u2")  # without the two lowest bits of a product
HEAD = "file,signedness,pub_WCE_pct,pub_power_mW_pdk45"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "coarse.bin").write_bytes(COARSE.tobytes())
    return tmp_path


def listed(folder: Path, *lines: str) -> Path:
    (folder / "metrics.csv").write_text("\n".join(lines) + "\n")
    return folder


def test_a_table_and_what_is_stated_of_it(folder: Path) -> None:
    (one,) = load_published(listed(folder, HEAD, "coarse.bin,unsigned,0.0046,0.39"))
    assert (one.power_mw, one.area_um2, one.delay_ns) == (0.39, None, None)
    assert one.multiplier.label == "coarse"
    assert np.array_equal(one.multiplier.table().numpy(), COARSE)
    assert errors(one.multiplier).wce == 3  # 0.0046 % of 2**16


def test_the_published_folder(data_root: Path) -> None:
    """Every table, every cost; that the statistics are the stated ones, load_published has checked."""
    folder = data_root / "multipliers"
    found = load_published(folder)
    with (folder / "metrics.csv").open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [f"{one.multiplier.label}.bin" for one in found] == [row["file"] for row in rows]
    for one, row in zip(found, rows, strict=True):
        assert one.multiplier.signed_a == one.multiplier.signed_b == (row["signedness"] == "signed")
        assert (one.power_mw, one.area_um2, one.delay_ns) == (
            float(row["pub_power_mW_pdk45"]),
            float(row["pub_area_um2_pdk45"]),
            float(row["pub_delay_ns_pdk45"]),
        )


@pytest.mark.parametrize("statistic", ["pub_MAE_pct", "pub_WCE_pct", "pub_EP_pct", "pub_MRE_pct", "pub_MSE"])
def test_every_stated_statistic_is_held_against_the_table(folder: Path, statistic: str) -> None:
    with pytest.raises(ValueError, match="was stated: another table, or a damaged one"):
        load_published(listed(folder, f"file,signedness,{statistic}", "coarse.bin,unsigned,99"))


@pytest.mark.parametrize(
    ("lines", "complaint"),
    [
        ((HEAD,), "lists no table"),
        (("file", "coarse.bin"), "table 1: no signedness; a table has file and signedness"),
        ((HEAD, "coarse.bin,both,,"), "the signedness is unsigned or signed, not 'both'"),
        ((HEAD, "coarse.bin,unsigned,,much"), "pub_power_mW_pdk45 is 'much', not a number"),
        ((HEAD, "coarse.bin,unsigned,,nan"), "pub_power_mW_pdk45 is 'nan', not a number"),
        ((HEAD, "coarse.bin,unsigned,-1,"), "pub_WCE_pct is '-1', not a number"),
        ((HEAD, "../coarse.bin,unsigned,,"), "the file '../coarse.bin' is not the name of a file"),
        ((HEAD, "/etc/passwd,unsigned,,"), "the file '/etc/passwd' is not the name of a file"),
        ((HEAD, "..,unsigned,,"), "the file '..' is not the name of a file"),
        ((HEAD, 'coarse.bin,"unsigned'), "no table of comma-separated values"),
    ],
)
def test_what_is_no_such_list(folder: Path, lines: tuple[str, ...], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        load_published(listed(folder, *lines))


def test_files_that_are_not_there(folder: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"metrics\.csv"):
        load_published(folder)
    with pytest.raises(FileNotFoundError, match=r"other\.bin"):
        load_published(listed(folder, HEAD, "other.bin,unsigned,,"))
