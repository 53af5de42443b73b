"""Published multipliers: a folder of truth tables, and what their publishers state about them."""

import csv
from dataclasses import dataclass
from math import isfinite
from pathlib import Path

from adequate.operators.tabulated import Tabulated, load_table

METRICS = "metrics.csv"
"""The file that says what there is: a line for each table."""

REQUIRED = ("file", "signedness")
SIGNED = {"unsigned": False, "signed": True}

_STATED = {  # the statistic, and what of it 100 % are
    "pub_MAE_pct": ("mae", 2**16),
    "pub_WCE_pct": ("wce", 2**16),
    "pub_EP_pct": ("ep", 1),
    "pub_MRE_pct": ("mred", 1),
}


@dataclass(frozen=True)
class Published:
    """A published multiplier; what it costs as its publishers state it for PDK45 (45 nm), None where they do not."""

    multiplier: Tabulated
    power_mw: float | None = None
    area_um2: float | None = None
    delay_ns: float | None = None


def load_published(folder: Path) -> tuple[Published, ...]:
    """The 8x8-bit tables of a folder, in the order of its ``metrics.csv``, each checked against what is stated of it.

    ``metrics.csv`` has the columns ``file`` (a file of 65,536 little-endian 16-bit entries in the folder) and
    ``signedness`` (of both operands); where they are there, ``pub_MAE_pct``, ``pub_WCE_pct`` (in percent of 2**16),
    ``pub_EP_pct``, ``pub_MRE_pct`` and ``pub_MSE`` are held against the table, and ``pub_power_mW_pdk45``,
    ``pub_area_um2_pdk45`` and ``pub_delay_ns_pdk45`` are its costs. Names and units are EvoApprox8b's (Mrazek et al.
    2017, DATE).

    Raises:
        OSError: a file cannot be read.
        ValueError: ``metrics.csv`` is no such list, or a table is not what it states, as ``load_table``.
    """
    listed = folder / METRICS
    try:
        with listed.open(newline="", encoding="utf-8") as lines:
            rows = list(csv.DictReader(lines, strict=True))
    except (csv.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{listed} is no table of comma-separated values: {error}") from None
    if not rows:
        raise ValueError(f"{listed} lists no table")
    return tuple(_loaded(folder, row, f"{listed}, table {number}") for number, row in enumerate(rows, 1))


def _loaded(folder: Path, row: dict[str, str], place: str) -> Published:
    for column in REQUIRED:
        if not row.get(column):
            raise ValueError(f"{place}: no {column}; a table has {' and '.join(REQUIRED)}")
    name, signedness = row["file"], row["signedness"]
    if Path(name).name != name or name in ("", ".", ".."):
        raise ValueError(f"{place}: the file {name!r} is not the name of a file in {folder}")
    if signedness not in SIGNED:
        raise ValueError(f"{place}: the signedness is {' or '.join(SIGNED)}, not {signedness!r}")
    stated = {
        statistic: value / 100 * whole
        for column, (statistic, whole) in _STATED.items()
        if (value := _number(row, column, place)) is not None
    }
    if (mse := _number(row, "pub_MSE", place)) is not None:
        stated["mse"] = mse
    signed = SIGNED[signedness]
    return Published(
        load_table(folder / name, signed_a=signed, signed_b=signed, stated=stated),
        power_mw=_number(row, "pub_power_mW_pdk45", place),
        area_um2=_number(row, "pub_area_um2_pdk45", place),
        delay_ns=_number(row, "pub_delay_ns_pdk45", place),
    )


def _number(row: dict[str, str], column: str, place: str) -> float | None:
    text = row.get(column) or ""
    try:
        value = float(text) if text else 0.0
    except ValueError:
        value = -1.0
    if not (isfinite(value) and value >= 0):
        raise ValueError(f"{place}: {column} is {text!r}, not a number of at least 0")
    return value if text else None
