"""Mutations of bytes whatever they mean."""

from collections.abc import Callable
from random import Random

INTEGERS = (
    0,
    1,
    2,
    127,
    128,
    255,
    2**15,
    2**16 - 1,
    2**20,
    2**28,
    2**31 - 1,
    2**31,
    2**32 - 1,
    2**62,
    2**63,
    2**64 - 1,
)
"""Integers at which lengths and types end; as two's complement the last is -1."""


def mutate_bytes(content: bytes, other: bytes, chance: Random) -> bytes:
    """One change; ``other`` is of the same kind of file, for splices."""
    return chance.choice(CHANGES)(content, other, chance)


def _flip(content: bytes, other: bytes, chance: Random) -> bytes:
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 4, 32))):
        if changed:
            changed[chance.randrange(len(changed))] ^= 1 << chance.randrange(8)
    return bytes(changed)


def _overwrite(content: bytes, other: bytes, chance: Random) -> bytes:
    """An integer of 1, 2, 4 or 8 bytes over what was there."""
    width = chance.choice((1, 2, 4, 8))
    number = (chance.choice(INTEGERS) % 2 ** (8 * width)).to_bytes(width, chance.choice(("little", "big")))
    at = chance.randrange(len(content) + 1)
    return content[:at] + number + content[at + width :]


def _insert(content: bytes, other: bytes, chance: Random) -> bytes:
    at = chance.randrange(len(content) + 1)
    run = chance.choice((chance.randbytes(chance.randrange(1, 65)), b"\0" * 1000, b"\xff" * 20, b"{" * 2000))
    return content[:at] + run + content[at:]


def _delete(content: bytes, other: bytes, chance: Random) -> bytes:
    begin, end = _piece(content, chance)
    return content[:begin] + content[end:]


def _duplicate(content: bytes, other: bytes, chance: Random) -> bytes:
    begin, end = _piece(content, chance)
    return content[:end] + content[begin:end] * chance.choice((1, 1, 30)) + content[end:]


def _truncate(content: bytes, other: bytes, chance: Random) -> bytes:
    return content[: chance.randrange(len(content) + 1)]


def _splice(content: bytes, other: bytes, chance: Random) -> bytes:
    """The head of one file and the tail of the other, or a piece of it within."""
    if chance.random() < 0.5:
        return content[: chance.randrange(len(content) + 1)] + other[chance.randrange(len(other) + 1) :]
    begin, end = _piece(other, chance)
    at = chance.randrange(len(content) + 1)
    return content[:at] + other[begin:end] + content[at + chance.choice((0, end - begin)) :]


def _piece(content: bytes, chance: Random) -> tuple[int, int]:
    begin = chance.randrange(len(content) + 1)
    return begin, min(len(content), begin + int(2 ** chance.uniform(0, 12)))


CHANGES: tuple[Callable[[bytes, bytes, Random], bytes], ...] = (
    _flip,
    _flip,
    _overwrite,
    _overwrite,
    _insert,
    _delete,
    _duplicate,
    _truncate,
    _splice,
)
