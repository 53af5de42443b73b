"""A sum of products over named indices: linear layers, matrix products and einsum, parsed once into one value."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, cast

CONTRACTIONS = frozenset({"linear", "matmul", "einsum", "tensordot", "inner", "outer", "vecdot"})
"""Operations that ``contraction_of`` reads. ``einsum`` is one of two operands."""

Labels = tuple[str, ...]
"""A name per dimension; dimensions of one name run together."""


@dataclass(frozen=True, slots=True)
class Contraction:
    """z[output] = sum of a[left] * b[right] over every label that ``output`` has not.

    A label in both operands and in the output is a batch. A dimension of size 1 is repeated along its label, as
    broadcasting does; a label that occurs twice in one operand takes the diagonal.

    >>> parse("bij,oj->bio", 3, 2)
    Contraction(left=('b', 'i', 'j'), right=('o', 'j'), output=('b', 'i', 'o'))
    >>> parse("bij,oj->bio", 3, 2).summed
    ('j',)
    """

    left: Labels
    right: Labels
    output: Labels

    @property
    def batch(self) -> Labels:
        """Labels of the output that both operands have."""
        return tuple(one for one in self.output if one in self.left and one in self.right)

    @property
    def rows(self) -> Labels:
        """Labels of the output that only the left operand has."""
        return tuple(one for one in self.output if one not in self.right)

    @property
    def columns(self) -> Labels:
        """Labels of the output that only the right operand has."""
        return tuple(one for one in self.output if one not in self.left)

    @property
    def summed(self) -> Labels:
        """Labels that are summed over, as they first occur from left to right: an accumulator's order, last fastest."""
        return tuple(dict.fromkeys(one for one in (*self.left, *self.right) if one not in self.output))

    @property
    def swapped(self) -> "Contraction":
        """The same sum with its operands the other way round."""
        return Contraction(self.right, self.left, self.output)

    def sizes(self, left: Sequence[int | None], right: Sequence[int | None]) -> dict[str, int]:
        """Size of every label for operands of these shapes; None, the batch, counts as 1.

        Raises:
            ValueError: a shape has another number of dimensions, or a label two sizes.
        """
        found: dict[str, int] = {}
        for labels, shape in ((self.left, left), (self.right, right)):
            if len(labels) != len(shape):
                raise ValueError(f"an operand of shape {tuple(shape)} does not fit the labels {' '.join(labels)}")
            for label, size in zip(labels, (1 if size is None else size for size in shape), strict=True):
                if found.setdefault(label, size) != size and 1 not in (found[label], size):
                    raise ValueError(f"label {label!r} has the sizes {found[label]} and {size}")
                found[label] = size if found[label] == 1 else found[label]
        return found

    def terms(self, left: Sequence[int | None], right: Sequence[int | None]) -> int:
        """Products added into one output element."""
        sizes = self.sizes(left, right)
        return prod(sizes[label] for label in self.summed)


def contraction_of(operation: str, attributes: Mapping[str, Any], left: int, right: int) -> Contraction:
    """What an operation of ``CONTRACTIONS`` sums, for operands of ``left`` and ``right`` dimensions."""
    match operation:
        case "linear":
            outer, weight = _dims("x", left - 1), ("o", "k")[-right:]
            return Contraction((*outer, "k"), weight, (*outer, *weight[:-1]))
        case "matmul":
            return _matmul(left, right)
        case "einsum":
            return parse(cast(str, attributes["equation"]), left, right)
        case "tensordot":
            return _tensordot(attributes["dims_self"], attributes["dims_other"], left, right)
        case "inner" if left and right:
            return _tensordot((left - 1,), (right - 1,), left, right)
        case "inner" | "outer":
            return _tensordot((), (), left, right)
        case "vecdot":
            a, b = _aligned(left), _aligned(right)
            wide = max(a, b, key=len)
            summed = wide[attributes.get("dim", -1)]
            return Contraction(a, b, tuple(one for one in wide if one != summed))
        case _:
            raise ValueError(f"{operation!r} is no contraction; those are {', '.join(sorted(CONTRACTIONS))}")


def parse(equation: str, left: int, right: int) -> Contraction:
    """einsum's equation for two operands of so many dimensions; without an arrow the output has the single labels.

    Raises:
        ValueError: it is not about two operands, or one does not have as many dimensions as labels.
    """
    text = equation.replace(" ", "")
    operands, arrow, given = text.partition("->")
    terms = operands.split(",")
    if len(terms) != 2:
        raise ValueError(f"einsum {equation!r} has {len(terms)} operands; a product has 2")
    a, b = (_labels(term, dims, equation) for term, dims in zip(terms, (left, right), strict=True))
    around = max(_around(a), _around(b), key=len)
    if arrow:
        return Contraction(a, b, _expanded(given, around))
    count = Counter(label for label in (*a, *b) if label not in around)
    return Contraction(a, b, (*around, *sorted(label for label, times in count.items() if times == 1)))


def _matmul(left: int, right: int) -> Contraction:
    """Vectors, matrices and batches of matrices, as ``torch.matmul`` reads them."""
    a = (*_aligned(max(left - 2, 0)), *(("m", "k") if left > 1 else ("k",)))
    b = (*_aligned(max(right - 2, 0)), *(("k", "n") if right > 1 else ("k",)))
    outer = max(a[:-2], b[:-2], key=len)
    return Contraction(a, b, (*outer, *(("m",) if left > 1 else ()), *(("n",) if right > 1 else ())))


def _tensordot(dims_left: Sequence[int], dims_right: Sequence[int], left: int, right: int) -> Contraction:
    a, b = list(_dims("a", left)), list(_dims("b", right))
    for i, j in zip(dims_left, dims_right, strict=True):
        b[j] = a[i]
    return Contraction(tuple(a), tuple(b), tuple(one for one in (*a, *b) if not (one in a and one in b)))


def _dims(name: str, count: int) -> Labels:
    return tuple(f"{name}{i}" for i in range(count))


def _aligned(count: int) -> Labels:
    """Names of dimensions that meet from the last one on."""
    return tuple(f"...{i}" for i in range(count, 0, -1))


def _labels(term: str, dims: int, equation: str) -> Labels:
    named = len(term.replace("...", ""))
    spare = dims - named
    if spare < 0 or (spare and "..." not in term):
        raise ValueError(f"einsum {equation!r}: {term!r} names {named} dimensions, its operand has {dims}")
    return _expanded(term, _aligned(spare))


def _expanded(term: str, around: Labels) -> Labels:
    before, dots, after = term.partition("...")
    return (*before, *(around if dots else ()), *after)


def _around(labels: Labels) -> Labels:
    return tuple(one for one in labels if one.startswith("..."))
