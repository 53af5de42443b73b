"""The exact rank of a table of integers."""

from torch import Tensor

PRIME = 2**31 - 1


def rank(matrix: Tensor) -> int:
    """The rank by elimination modulo a prime: never above the exact rank, and below it only by accident."""
    rows, found = matrix.long() % PRIME, 0
    for column in range(rows.shape[1]):
        places = rows[found:, column].nonzero()
        if len(places) == 0:
            continue
        pivot = found + int(places[0])
        rows[[found, pivot]] = rows[[pivot, found]]
        rows[found] = rows[found] * pow(int(rows[found, column]), -1, PRIME) % PRIME
        rows[found + 1 :] = (rows[found + 1 :] - rows[found + 1 :, column, None] * rows[found]) % PRIME
        found += 1
        if found == len(rows):
            break
    return found
