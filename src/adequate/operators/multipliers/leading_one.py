"""The highest set bit of a word."""

from adequate.circuits import Word, concat, constant, mux


def leading_one(a: Word) -> Word:
    """The place of the highest set bit, floor(log2 a); 0 for a = 0. By halves, the upper one first."""
    found: list[Word] = []
    for step in reversed(range((a.width - 1).bit_length())):
        upper = a[2**step :]
        found.insert(0, upper.any())
        a = mux(found[0], upper, a[: 2**step])
    return concat(*found) if found else constant(0)


def beyond(place: Word, limit: int, most: int) -> Word:
    """max(place - limit, 0), in as few bits as ``most``, which it does not exceed, needs."""
    excess = place - constant(limit)
    return excess[: most.bit_length()].times_bit(~excess[-1])
