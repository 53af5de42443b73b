"""Contractions against torch's own products, on integers, where float64 is exact in any order."""

from math import prod
from random import Random

import pytest
import torch
from torch import Tensor

from adequate.kernels.contraction import Contraction, contraction_of, parse
from adequate.kernels.matrices import from_matrices, left_matrices, right_matrices


def integers(shape: tuple[int, ...], seed: int) -> Tensor:
    return torch.randint(-9, 10, shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def contracted(contraction: Contraction, a: Tensor, b: Tensor) -> Tensor:
    sizes = contraction.sizes(a.shape, b.shape)
    products = left_matrices(contraction, a, sizes) @ right_matrices(contraction, b, sizes)
    return from_matrices(contraction, products, sizes)


EQUATIONS = {
    "ij,jk->ik": ((2, 3), (3, 4)),
    "bij,oj->bio": ((2, 3, 4), (5, 4)),
    "bij,oj": ((2, 3, 4), (5, 4)),
    "kB,aB": ((3, 4), (2, 4)),  # without an arrow: sorted as characters
    "bhqd,bhkd->bhqk": ((2, 2, 3, 4), (2, 2, 5, 4)),
    "...ij,...jk->...ik": ((2, 1, 3, 4), (5, 4, 2)),
    "...ij,jk": ((2, 3, 4), (4, 2)),
    "...i,...i->...": ((2, 3, 4), (4,)),
    "i...,i...->...": ((2, 3), (2, 5, 3)),
    "...i,...i->i": ((2, 3, 4), (3, 4)),  # the ellipsis is summed too
    "bi,bi->b": ((2, 3), (2, 3)),
    "bi,bi->": ((2, 3), (2, 3)),
    "i,j->ij": ((3,), (4,)),
    "i,j->ji": ((3,), (4,)),
    "ij,k->k": ((2, 3), (4,)),  # labels summed out of one operand
    "ij,jk->k": ((2, 3), (3, 4)),
    "ijk,l->jl": ((2, 3, 4), (5,)),
    "ii,ij->j": ((3, 3), (3, 4)),  # a diagonal
    "iji,kk->jk": ((3, 2, 3), (4, 4)),
    "ij,ij->ij": ((2, 3), (2, 3)),
    "bij,bjk->bik": ((1, 3, 4), (2, 4, 5)),  # size 1 is repeated
    "ij,jk->ki": ((3, 1), (4, 2)),
    ",ij->ij": ((), (2, 3)),
    "b i c d , d c o i -> b o": ((2, 3, 2, 4), (4, 2, 5, 3)),
}


@pytest.mark.parametrize("equation", EQUATIONS)
def test_einsum_is_one_batched_matrix_product(equation: str) -> None:
    shapes = EQUATIONS[equation]
    a, b = integers(shapes[0], 0), integers(shapes[1], 1)
    contraction = parse(equation, a.dim(), b.dim())
    expected = torch.einsum(equation, a, b)
    assert torch.equal(contracted(contraction, a, b), expected)
    assert torch.equal(contracted(contraction.swapped, b, a), expected)


def test_random_equations() -> None:
    random = Random(0)
    for seed in range(300):
        sizes = {label: random.randint(1, 3) for label in "abcdef"}
        left, right = ("".join(random.choices("abcdef", k=random.randint(0, 4))) for _ in range(2))
        used = sorted({*left, *right})
        output = "".join(random.sample(used, random.randint(0, len(used))))
        equation = f"{left},{right}" + (f"->{output}" if random.random() < 0.8 else "")
        a, b = (integers(tuple(sizes[label] for label in term), seed) for term in (left, right))
        expected = torch.einsum(equation, a, b)
        assert torch.equal(contracted(parse(equation, a.dim(), b.dim()), a, b), expected), equation


MATRICES = [
    ((4,), (4,)),
    ((3, 4), (4,)),
    ((4,), (4, 3)),
    ((2, 3), (3, 4)),
    ((2, 3, 4), (4,)),
    ((4,), (2, 4, 3)),
    ((2, 3, 4), (4, 5)),
    ((3, 4), (2, 4, 5)),
    ((2, 3, 4), (2, 4, 5)),
    ((6, 1, 3, 4), (2, 4, 5)),
    ((1, 3, 4), (2, 4, 5)),
]


@pytest.mark.parametrize("shapes", MATRICES, ids=str)
def test_matmul_broadcasts_as_torchs(shapes: tuple[tuple[int, ...], ...]) -> None:
    a, b = integers(shapes[0], 0), integers(shapes[1], 1)
    contraction = contraction_of("matmul", {}, a.dim(), b.dim())
    assert torch.equal(contracted(contraction, a, b), a @ b)
    assert torch.equal(contracted(contraction.swapped, b, a), a @ b)


@pytest.mark.parametrize(
    ("operation", "attributes", "shapes", "call"),
    [
        ("linear", {}, ((4,), (3, 4)), torch.nn.functional.linear),
        ("linear", {}, ((2, 5, 4), (3, 4)), torch.nn.functional.linear),
        ("linear", {}, ((2, 4), (4,)), torch.nn.functional.linear),
        ("inner", {}, ((2, 4), (3, 5, 4)), torch.inner),
        ("inner", {}, ((), (3, 4)), torch.inner),
        ("outer", {}, ((2,), (3,)), torch.outer),
        ("tensordot", {"dims_self": (2, 0), "dims_other": (1, 2)}, ((2, 3, 4), (5, 4, 2)), None),
        ("tensordot", {"dims_self": (-1,), "dims_other": (0,)}, ((2, 3, 4), (4, 5)), None),
        ("vecdot", {}, ((2, 3, 4), (3, 4)), torch.linalg.vecdot),
        ("vecdot", {"dim": 1}, ((2, 3, 4), (1, 3, 1)), None),
    ],
)
def test_other_products(operation: str, attributes: dict, shapes: tuple, call: object) -> None:
    a, b = integers(shapes[0], 0), integers(shapes[1], 1)
    if operation == "tensordot":
        expected = torch.tensordot(a, b, (attributes["dims_self"], attributes["dims_other"]))
    else:
        expected = call(a, b) if call else torch.linalg.vecdot(a, b, **attributes)
    assert torch.equal(contracted(contraction_of(operation, attributes, a.dim(), b.dim()), a, b), expected)


@pytest.mark.parametrize(
    ("equation", "left", "right", "terms"),
    [
        ("bij,oj->bio", (None, 3, 4), (5, 4), 4),
        ("bij,bkj->ik", (None, 3, 4), (None, 5, 4), 4),  # of a summed batch one image's
        ("ij,k->k", (2, 3), (4,), 6),
        ("bijc,bjd->bcd", (None, 2, 3, 4), (None, 1, 5), 6),  # size 1 is repeated
        ("i,j->ij", (3,), (4,), 1),
    ],
)
def test_terms_are_counted_by_hand(equation: str, left: tuple, right: tuple, terms: int) -> None:
    assert parse(equation, len(left), len(right)).terms(left, right) == terms


def test_an_accumulator_adds_in_the_order_of_the_labels() -> None:
    """ "bqp,pqo->bo": q then p, p the faster, as they stand in the left operand."""
    a, b = torch.arange(6.0).reshape(1, 2, 3), torch.arange(6.0).reshape(3, 2, 1)
    contraction = parse("bqp,pqo->bo", 3, 3)
    sizes = contraction.sizes(a.shape, b.shape)
    assert left_matrices(contraction, a, sizes).tolist() == [[0, 1, 2, 3, 4, 5]]
    assert right_matrices(contraction, b, sizes).flatten().tolist() == [0, 2, 4, 1, 3, 5]


def test_a_repeated_dimension_is_a_view_where_it_can_be() -> None:
    """A matrix on the last dimension of many rows copies neither."""
    a, b = integers((2, 3, 4), 0), integers((4, 5), 1)
    contraction = contraction_of("matmul", {}, 3, 2)
    sizes = contraction.sizes(a.shape, b.shape)
    left, right = left_matrices(contraction, a, sizes), right_matrices(contraction, b, sizes)
    assert (left.data_ptr(), right.data_ptr()) == (a.data_ptr(), b.data_ptr())
    assert left.shape == (prod((2, 3)), 4)


@pytest.mark.parametrize(
    ("equation", "ranks", "message"),
    [
        ("ij,jk,kl->il", (2, 2), r"einsum 'ij,jk,kl->il' has 3 operands; a product has 2"),
        ("ij,jk->ik", (3, 2), r"einsum 'ij,jk->ik': 'ij' names 2 dimensions, its operand has 3"),
        ("...ij,jk->ik", (1, 2), r"einsum '...ij,jk->ik': '...ij' names 2 dimensions, its operand has 1"),
    ],
)
def test_what_is_no_equation_of_these_operands_says_so(equation: str, ranks: tuple[int, int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{message}$"):
        parse(equation, *ranks)


def test_sizes_that_do_not_meet_say_so() -> None:
    with pytest.raises(ValueError, match=r"^label 'j' has the sizes 3 and 4$"):
        parse("ij,jk->ik", 2, 2).sizes((2, 3), (4, 5))
    with pytest.raises(ValueError, match=r"^'softmax' is no contraction; those are einsum, inner, linear, "):
        contraction_of("softmax", {}, 1, 1)
