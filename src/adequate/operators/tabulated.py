"""Multipliers that are truth tables: published ones from files, and the user's own."""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from adequate.circuits import Word, concat
from adequate.circuits.expression import Expression
from adequate.formats.checks import require_int
from adequate.operators.errors import errors
from adequate.operators.multiplier import TABLE_BITS, Multiplier, integers, require_widths
from adequate.operators.operator import Operand
from adequate.storage import write_atomically

TOLERANCE = 0.06
"""By how much, relatively, a statistic may differ from what is stated: published figures have two digits."""


@dataclass(frozen=True)
class Tabulated(Multiplier):
    """A multiplier given by all its products.

    What it *is*, in a design and compared, are its label, widths and the SHA-256 of its ``content``: one little-endian
    integer for each pair, the weight running fastest, both operands in the order of their bit patterns. Entries have 16
    bits (unsigned if both operands are) or 32 (signed). Parsed from text it has no content yet: see ``attach``.

    Raises:
        ValueError: more than 24 operand bits, or ``content`` of another length or SHA-256.
    """

    label: str
    width_a: int
    width_b: int
    sha256: str
    signed_a: bool = False
    signed_b: bool = False
    content: bytes | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        require_widths(self)
        require_int(f"operand bits of {self}", self.width_a + self.width_b, 2, TABLE_BITS)
        if not re.fullmatch("[0-9a-f]{64}", self.sha256):
            raise ValueError(f"the SHA-256 of {self.label} is 64 hexadecimal digits in lower case, not {self.sha256!r}")
        if self.content is None:
            return
        pairs = 2 ** (self.width_a + self.width_b)
        if len(self.content) not in (2 * pairs, 4 * pairs):
            raise ValueError(
                f"{self.label} has {len(self.content)} bytes; a {self.width_a}x{self.width_b} table has "
                f"{2 * pairs} (16-bit entries) or {4 * pairs} (32-bit entries)"
            )
        if hashlib.sha256(self.content).hexdigest() != self.sha256:
            raise ValueError(
                f"{self.label} has the SHA-256 {hashlib.sha256(self.content).hexdigest()}, not {self.sha256}"
            )

    @property
    @final
    def a(self) -> Operand:
        return Operand(self.width_a, self.signed_a)

    @property
    @final
    def b(self) -> Operand:
        return Operand(self.width_b, self.signed_b)

    @property
    @final
    def product(self) -> None:
        return None

    def __call__(self, a: Word, b: Word) -> Word:
        """The entry of the pair.

        Raises:
            ValueError: its content is not attached.
            TypeError: the carrier is hardware or C++: a table has no circuit.
        """
        if self.content is None:
            raise ValueError(f"{self} has no content; attach(...) takes it from the folder of tables")
        place = concat(b, a).value
        if isinstance(place, Expression):
            raise TypeError(f"{self.label} is a table without a circuit; it cannot be written as Verilog or C++")
        small = len(self.content) == 2 * 2 ** (self.width_a + self.width_b)
        signed = self.signed_a or self.signed_b or not small
        entries = _entries(self.content, small, signed)
        if isinstance(place, int):
            value = int(entries[place])
        else:
            value = entries[place] if isinstance(place, Tensor) else entries.numpy()[place]
        return Word(value, 16 if small else 32, signed)


def load_table(
    path: Path,
    *,
    label: str | None = None,
    width_a: int = 8,
    width_b: int = 8,
    signed_a: bool = False,
    signed_b: bool = False,
    stated: Mapping[str, float] | None = None,
) -> Tabulated:
    """A table from a file in ``Tabulated``'s layout, checked.

    ``stated`` are published error statistics by the names of ``Errors``' fields, such as ``{"mae": 11.4, "wce": 79}``.

    Raises:
        OSError: the file cannot be read.
        ValueError: its size is not that of a table, an entry is beyond +-2**(width_a + width_b), or a statistic
            is not the stated one within 6 %.
    """
    content = Path(path).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    table = Tabulated(label or Path(path).stem, width_a, width_b, digest, signed_a, signed_b, content)
    require_range(table)
    found = errors(table) if stated else None
    for name, value in (stated or {}).items():
        is_one = getattr(found, name)
        if not abs(is_one - value) <= TOLERANCE * abs(value):
            raise ValueError(f"{path}: {name} is {is_one:g}, but {value:g} was stated: another table, or a damaged one")
    return table


def tabulate(
    label: str,
    function: Callable[[int, int], int],
    *,
    width_a: int = 8,
    width_b: int = 8,
    signed_a: bool = False,
    signed_b: bool = False,
) -> Tabulated:
    """The table of the user's own multiplier, a function of two Python integers, with 32-bit entries.

    >>> tabulate("or", lambda a, b: a | b, width_a=4, width_b=4).table()[5, 3].item()
    7

    Raises:
        ValueError: a product is beyond +-2**(width_a + width_b).
    """
    ranges = [
        integers(Operand(width, signed), torch.arange(2**width)).tolist()
        for width, signed in ((width_a, signed_a), (width_b, signed_b))
    ]
    products = np.array([[function(a, b) for b in ranges[1]] for a in ranges[0]], dtype=np.int64)
    content = products.astype("<i4").tobytes()
    digest = hashlib.sha256(content).hexdigest()
    table = Tabulated(label, width_a, width_b, digest, signed_a, signed_b, content)
    _require_within(label, products, width_a + width_b)
    return table


def save_table(table: Tabulated, folder: Path) -> Path:
    """Writes the content to ``<sha256>.bin``, whence ``attach`` takes it.

    Raises:
        OSError: it cannot be written.
        ValueError: the table has no content.
    """
    if table.content is None:
        raise ValueError(f"{table} has no content to save")
    path = folder / f"{table.sha256}.bin"
    write_atomically(path, table.content)
    return path


def attach(table: Tabulated, folder: Path) -> Tabulated:
    """The same multiplier with its content, from the file ``<sha256>.bin`` in ``folder``.

    Raises:
        OSError: there is no such file.
        ValueError: the file is damaged.
    """
    content = (folder / f"{table.sha256}.bin").read_bytes()
    arguments = (table.label, table.width_a, table.width_b, table.sha256, table.signed_a, table.signed_b)
    return Tabulated(*arguments, content)


def require_range(table: Tabulated) -> None:
    """No entry is beyond +-2**(width_a + width_b)."""
    _require_within(table.label, table.table().numpy(), table.width_a + table.width_b)


def _require_within(label: str, products: np.ndarray, bits: int) -> None:
    if (worst := int(abs(products.astype(np.int64)).max())) > 2**bits:
        raise ValueError(
            f"{label} has an entry of magnitude {worst}; products of {bits} operand bits are up to {2**bits}"
        )


@lru_cache(maxsize=64)
def _entries(content: bytes, small: bool, signed: bool) -> Tensor:
    kind = np.dtype(f"<{'i' if signed else 'u'}{2 if small else 4}")
    return torch.from_numpy(np.frombuffer(content, dtype=kind).astype(np.int64))
