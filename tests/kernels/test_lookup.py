"""Looked-up sums: the definition over Python integers, torch, and every compiled route on every processor here."""

from collections.abc import Callable, Iterator
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Generator, Tensor

from adequate import native
from adequate.kernels import reference
from adequate.kernels.columns import Window, untransposed
from adequate.kernels.lookup import lookup_convolution, lookup_matrices
from adequate.native import Processor
from adequate.operators import catalog

HERE = [one for one in Processor if one <= native.processor]
ROUTES = {"any": -1, "direct": 0, "rows": 1, "scan": 2, "planes": 3, "permuted": 4}


class Forced:
    """The compiled kernels, made to take one route."""

    def __init__(self, route: int) -> None:
        self.route = route

    def lookup_matrices(self, *arguments: object) -> None:
        native._loaded()[0].lookup_matrices(*arguments, route=self.route)  # type: ignore[union-attr]

    def lookup_convolution(self, *arguments: object) -> None:
        native._loaded()[0].lookup_convolution(*arguments, route=self.route)  # type: ignore[union-attr]

    def pad_patterns(self, *arguments: object) -> None:
        native._loaded()[0].pad_patterns(*arguments)  # type: ignore[union-attr]


def ways() -> Iterator[tuple[Processor, str]]:
    yield Processor.TORCH, "any"
    for processor, route in product(HERE[1:], ROUTES):
        if route != "permuted" or processor is Processor.AVX512:
            yield processor, route


@pytest.fixture(params=list(ways()), ids=lambda way: f"{way[0].name.lower()}-{way[1]}")
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[Processor, str]:
    """One processor and route that the kernels run on in this test."""
    processor, route = request.param
    monkeypatch.setattr(native, "kernels", None if processor is Processor.TORCH else Forced(ROUTES[route]))
    monkeypatch.setattr(native, "processor", processor)
    return processor, route


def once(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """``function`` called once for arguments of the same values: the definitions are slow, the ways many."""
    known: dict[object, Tensor] = {}

    def call(*arguments: object) -> Tensor:
        key = tuple((one.shape, one.numpy().tobytes()) if isinstance(one, Tensor) else one for one in arguments)
        if key not in known:
            known[key] = function(*arguments)
        return known[key]

    return call


@once
def by_definition(x: Tensor, w: Tensor, table: Tensor) -> Tensor:
    rows = table.tolist()
    sums = [[reference.lookup_sum(a, b, rows) for b in w.mT.tolist()] for a in x.tolist()]
    return torch.tensor(sums, dtype=torch.int64).reshape(x.shape[0], w.shape[1])


@once
def convolved(x: Tensor, w: Tensor, table: Tensor, window: Window, zero: int) -> Tensor:
    """sum_k table[x, w], each output from its own indices."""
    kernel, channels = w.shape[2:], w.shape[1]
    wide = tuple(n + sum(pad) for n, pad in zip(x.shape[2:], window.padding, strict=True))
    places = [
        (n - (k - 1) * gap - 1) // step + 1
        for n, k, gap, step in zip(wide, kernel, window.dilation, window.stride, strict=True)
    ]
    inputs, weights = x.numpy(), w.numpy()
    rows, sums = table.tolist(), torch.zeros(x.shape[0], w.shape[0], *places, dtype=torch.int64)
    for n, o, *place in product(range(x.shape[0]), range(w.shape[0]), *map(range, places)):
        group = o // (w.shape[0] // window.groups)
        a, b = [], []
        for c, *tap in product(range(channels), *map(range, kernel)):
            at = [
                p * step + t * gap - before
                for p, step, t, gap, (before, _) in zip(
                    place, window.stride, tap, window.dilation, window.padding, strict=True
                )
            ]
            inside = all(0 <= i < size for i, size in zip(at, x.shape[2:], strict=True))
            a.append(int(inputs[(n, group * channels + c, *at)]) if inside else zero)
            b.append(int(weights[(o, c, *tap)]))
        sums[(n, o, *place)] = reference.lookup_sum(a, b, rows)
    return sums


@once
def by_torch(x: Tensor, w: Tensor, table: Tensor, window: Window, zero: int) -> Tensor:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(native, "kernels", None)
        return lookup_convolution(x, w, table, window, zero)


def patterns(size: int, *shape: int, seed: int, dtype: torch.dtype = torch.uint8) -> Tensor:
    return torch.randint(size, shape, generator=Generator().manual_seed(seed)).to(dtype)


def entries(kind: str, rows: int, columns: int, seed: int = 5) -> Tensor:
    """A table of random entries from the range that ``kind`` names, both ends among them."""
    low, high = {
        "int16": (-(2**15), 2**15 - 1),
        "uint16": (0, 2**16 - 1),
        "offset": (10**6, 10**6 + 2**16 - 1),
        "17 bits": (-(2**15), 2**15),
        "int32": (-(2**31), 2**31 - 1),
        "small": (-9, 9),
    }[kind]
    table = torch.randint(low, high + 1, (rows, columns), generator=Generator().manual_seed(seed))
    table[0, 0], table[-1, 0], table[0, -1], table[-1, -1] = low, high, high, low
    return table.int()


KINDS = ("int16", "uint16", "offset", "17 bits", "int32", "small")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("m", "k", "n"), [(1, 1, 1), (3, 5, 4), (17, 23, 9), (70, 9, 33), (5, 12, 50)])
def test_every_sum_is_the_sum_of_its_entries(way: object, kind: str, m: int, k: int, n: int) -> None:
    table = entries(kind, 256, 256)
    x, w = patterns(256, m, k, seed=1), patterns(256, k, n, seed=2)
    x.view(-1)[::3], w.view(-1)[::4] = 255, 0
    assert torch.equal(lookup_matrices(x, w, table).long(), by_definition(x, w, table))


@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (2, 256), (16, 8), (64, 1024), (512, 4), (4096, 32), (8192, 3)])
def test_operands_of_other_and_mixed_widths(way: tuple[Processor, str], rows: int, columns: int) -> None:
    if way[1] in ("rows", "scan", "planes", "permuted") and rows > 4096:
        pytest.skip("tables per weight have at most 4096 rows")
    for kind in ("uint16", "int32"):
        table = entries(kind, rows, columns)
        x = patterns(rows, 9, 6, seed=3, dtype=torch.int32)
        w = patterns(columns, 6, 10, seed=4, dtype=torch.int32)
        x[0, 0], w[0, 0] = rows - 1, columns - 1
        assert torch.equal(lookup_matrices(x, w, table).long(), by_definition(x, w, table))


GEOMETRIES = {
    "1-d": ((2, 3, 11), (5, 3, 4), Window((1,), ((2, 1),), (1,))),
    "1-d strided": ((2, 4, 15), (6, 2, 3), Window((3,), ((0, 2),), (2,), 2)),
    "2-d": ((2, 3, 7, 9), (18, 3, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1))),
    "1x1": ((2, 5, 6, 4), (4, 5, 1, 1), Window((1, 1), ((0, 0), (0, 0)), (1, 1))),
    "strided": ((1, 2, 9, 8), (9, 2, 3, 2), Window((2, 3), ((1, 0), (0, 1)), (1, 1))),
    "dilated": ((1, 2, 9, 10), (7, 2, 3, 3), Window((1, 1), ((2, 2), (3, 3)), (2, 3))),
    "grouped": ((2, 6, 5, 5), (9, 2, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1), 3)),
    "depthwise": ((2, 4, 7, 8), (4, 1, 3, 3), Window((1, 1), ((1, 1), (1, 1)), (1, 1), 4)),
    "depthwise strided": ((1, 4, 7, 9), (4, 1, 3, 3), Window((2, 2), ((1, 1), (1, 1)), (1, 1), 4)),
    "depthwise 5x5": ((1, 3, 8, 9), (6, 1, 5, 5), Window((1, 1), ((2, 2), (2, 2)), (1, 1), 3)),
    "depthwise 2x7, stride 3": ((1, 3, 8, 17), (3, 1, 2, 7), Window((1, 3), ((0, 0), (3, 3)), (1, 1), 3)),
    "depthwise 2x4": ((2, 2, 5, 11), (2, 1, 2, 4), Window((1, 1), ((1, 0), (2, 1)), (1, 1), 2)),
    "depthwise 4x2": ((1, 2, 8, 6), (4, 1, 4, 2), Window((1, 1), ((0, 0), (0, 0)), (1, 1), 2)),
    "depthwise, lines taken apart": ((1, 2, 9, 7), (2, 1, 3, 3), Window((2, 1), ((0, 0), (1, 1)), (2, 1), 2)),
    "depthwise dilated": ((1, 3, 9, 9), (3, 1, 3, 3), Window((1, 1), ((2, 2), (2, 2)), (2, 2), 3)),
    "3-d": ((1, 2, 4, 5, 6), (3, 2, 2, 3, 2), Window((1, 2, 1), ((1, 0), (0, 0), (1, 1)), (1, 1, 2))),
    "one output": ((3, 5, 6, 7), (1, 5, 3, 2), Window((1, 1), ((1, 1), (1, 0)), (1, 1))),
}


@cache
def convolution(name: str, kind: str) -> tuple[Tensor, Tensor, Tensor, Window, Tensor]:
    """Operands, table and window, and their sums by definition: the same for every way."""
    x_shape, w_shape, window = GEOMETRIES[name]
    table = entries(kind, 256, 256)
    x, w = patterns(256, *x_shape, seed=6), patterns(256, *w_shape, seed=7)
    return x, w, table, window, convolved(x, w, table, window, 255)


@pytest.mark.parametrize("kind", ["uint16", "int32", "small"])
@pytest.mark.parametrize("name", GEOMETRIES)
def test_convolutions_of_every_geometry(way: object, name: str, kind: str) -> None:
    x, w, table, window, expected = convolution(name, kind)
    assert torch.equal(lookup_convolution(x, w, table, window, zero=255).long(), expected)


def test_transposed_convolutions_multiply_their_inserted_zeros(way: object) -> None:
    table = entries("uint16", 256, 256)
    attributes = {"stride": [2, 1], "padding": [1, 0], "output_padding": [1, 0], "dilation": [1, 1], "groups": 2}
    x, w, window = untransposed(patterns(256, 1, 4, 3, 4, seed=8), patterns(256, 4, 3, 3, 2, seed=9), attributes)
    assert torch.equal(lookup_convolution(x, w, table, window, zero=0).long(), convolved(x, w, table, window, 0))


@pytest.mark.parametrize("shape", [(0, 3, 4), (2, 0, 4), (2, 3, 0)], ids=["no rows", "no terms", "no outputs"])
def test_sizes_of_zero(way: object, shape: tuple[int, int, int]) -> None:
    m, k, n = shape
    table = entries("int16", 256, 256)
    sums = lookup_matrices(patterns(256, m, k, seed=1), patterns(256, k, n, seed=2), table)
    assert sums.shape == (m, n)
    assert not sums.any()


@pytest.mark.parametrize(
    ("x_shape", "w_shape"), [((0, 2, 5, 5), (3, 2, 3, 3)), ((2, 0, 5, 5), (3, 0, 3, 3)), ((2, 2, 5, 5), (0, 2, 3, 3))]
)
def test_convolutions_without_images_channels_or_outputs(
    way: object, x_shape: tuple[int, ...], w_shape: tuple[int, ...]
) -> None:
    window = Window((1, 1), ((0, 0), (0, 0)), (1, 1))
    x, w = torch.zeros(x_shape, dtype=torch.uint8), torch.zeros(w_shape, dtype=torch.uint8)
    sums = lookup_convolution(x, w, entries("int16", 256, 256), window, zero=0)
    assert sums.shape == (x_shape[0], w_shape[0], 3, 3)
    assert not sums.any()


def test_batches_and_weights_shared_by_a_batch(way: object) -> None:
    table = entries("uint16", 256, 256)
    x, w = patterns(256, 2, 3, 4, 5, seed=1), patterns(256, 2, 3, 5, 6, seed=2)
    for weights in (w, w[:1, :1].expand(2, 3, -1, -1)):
        sums = lookup_matrices(x, weights, table)
        for i, j in product(range(2), range(3)):
            assert torch.equal(sums[i, j].long(), by_definition(x[i, j], weights[i, j], table))


def test_tensors_that_are_not_contiguous_or_begin_anywhere(way: object) -> None:
    table = entries("uint16", 256, 257)[:, 1:]
    x = patterns(256, 2 * 40 * 7 + 1, seed=1)[1:].view(2, 7, 40).mT[:, ::2]
    w = patterns(256, 9, 7, seed=2).flip(0).mT
    for one in x:
        assert torch.equal(lookup_matrices(one, w, table).long(), by_definition(one, w, table))
    images = patterns(256, 1, 5, 8, 6, seed=3).permute(0, 3, 1, 2)[:, ::2]
    kernels = patterns(256, 3, 3, 3, 4, seed=4).permute(3, 2, 0, 1)
    window = Window((1, 1), ((1, 1), (1, 1)), (1, 1))
    assert torch.equal(
        lookup_convolution(images, kernels, table, window, 7).long(), convolved(images, kernels, table, window, 7)
    )


@pytest.mark.parametrize(("kind", "terms"), [("uint16", 70_001), ("offset", 2_148), ("int32", 33), ("int16", 65_537)])
def test_many_terms_pass_16_and_32_bits(way: object, kind: str, terms: int) -> None:
    """Every product at its extreme: sums lie beyond 2**31."""
    table = entries(kind, 256, 256)
    top = int(table.flatten().long().abs().argmax())
    x = torch.full((5, terms), top // 256, dtype=torch.uint8)
    w = torch.full((terms, 6), top % 256, dtype=torch.uint8)
    sums = lookup_matrices(x, w, table)
    assert sums.dtype is torch.int64
    assert torch.equal(sums, torch.full((5, 6), terms * int(table.flatten()[top])))


def test_a_sum_of_31_bits_is_int32_and_one_more_term_is_not(way: tuple[Processor, str]) -> None:
    table = torch.full((256, 256), -(2**16), dtype=torch.int32)
    for terms, dtype in ((2**15 - 1, torch.int32), (2**15, torch.int64)):
        ones = torch.ones(2, terms, dtype=torch.uint8)
        sums = lookup_matrices(ones, ones.mT, table)
        assert torch.equal(sums.long(), torch.full((2, 2), -(2**16) * terms))
        assert sums.dtype is (torch.int64 if way[0] is Processor.TORCH else dtype)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_threads_do_not_change_the_sums(way: object, threads: int) -> None:
    table = entries("uint16", 256, 256)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(threads)
        x, w = patterns(256, 3, 4, 40, 40, seed=1), patterns(256, 20, 4, 3, 3, seed=2)
        window = Window((1, 1), ((1, 1), (1, 1)), (1, 1))
        sums = lookup_convolution(x, w, table, window, 9).long()
    finally:
        torch.set_num_threads(before)
    n, o, i, j = 2, 19, 17, 38
    corner = x[n, :, i - 1 : i + 2, j - 1 : j + 2].flatten().tolist()
    assert sums[n, o, i, j] == reference.lookup_sum(corner, w[o].flatten().tolist(), table.tolist())
    assert int(sums.sum()) == int(by_torch(x, w, table, window, 9).sum())
    assert torch.equal(sums, by_torch(x, w, table, window, 9))


@pytest.mark.parametrize("kind", ["uint16", "int32", "small"])
@pytest.mark.parametrize(("height", "width"), [(100, 70), (5, 1300), (3, 1400)])
def test_planes_that_are_scanned_in_bands(way: object, kind: str, height: int, width: int) -> None:
    table = entries(kind, 256, 256)
    x, w = patterns(256, 2, 2, height, width, seed=1), patterns(256, 2, 1, 3, 3, seed=2)
    window = Window((1, 1), ((1, 1), (1, 1)), (1, 1), 2)
    sums = lookup_convolution(x, w, table, window, 200).long()
    assert torch.equal(sums, by_torch(x, w, table, window, 200))


@pytest.mark.parametrize("high", [0, 100, 127, 255])
def test_whatever_the_largest_activation(way: object, high: int) -> None:
    """Tables per weight hold only the rows up to it."""
    table = entries("uint16", 256, 256)
    x, w = patterns(high + 1, 2, 3, 9, 9, seed=high), patterns(256, 5, 3, 3, 3, seed=1)
    window = Window((1, 1), ((0, 0), (1, 1)), (1, 1))
    assert torch.equal(lookup_convolution(x, w, table, window, 0).long(), by_torch(x, w, table, window, 0))


@pytest.mark.parametrize(("operand", "size"), [("x", 16), ("w", 32)])
@pytest.mark.parametrize("wrong", [-1, None])
def test_a_pattern_that_is_not_in_the_table(way: object, operand: str, size: int, wrong: int | None) -> None:
    value = size if wrong is None else wrong
    table = entries("small", 16, 32)
    x, w = torch.zeros(4, 4, dtype=torch.int32), torch.zeros(4, 4, dtype=torch.int32)
    (x if operand == "x" else w)[2, 1] = value
    what = "rows" if operand == "x" else "columns"
    with pytest.raises(ValueError, match=f"{operand} holds the pattern {value}; the table has {size} {what}"):
        lookup_matrices(x, w, table)
    window = Window((1, 1), ((0, 0), (0, 0)), (1, 1))
    with pytest.raises(ValueError, match=f"{operand} holds the pattern {value}"):
        lookup_convolution(x[None, None], w[None, None], table, window, 0)


def test_padding_with_a_pattern_that_is_not_in_the_table(way: object) -> None:
    x, w = torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.zeros(1, 1, 1, 1, dtype=torch.uint8)
    window = Window((1, 1), ((0, 1), (0, 0)), (1, 1))
    for zero in (-1, 16):
        with pytest.raises(ValueError, match=f"padding is the pattern {zero}; the table has 16 rows"):
            lookup_convolution(x, w, entries("small", 16, 32), window, zero)


@pytest.mark.parametrize("rows", [16, 256, 1024])
def test_wide_types_and_cut_inputs(way: object, rows: int) -> None:
    """Patterns in int64, and negative padding, which a transposed convolution's may be."""
    table = entries("uint16", rows, rows)
    x, w = patterns(rows, 1, 3, 8, 9, seed=1, dtype=torch.int64), patterns(rows, 4, 3, 2, 3, seed=2, dtype=torch.int64)
    window = Window((1, 1), ((-1, 2), (0, -2)), (1, 1))
    sums = lookup_convolution(x, w, table, window, rows - 1)
    assert torch.equal(sums.long(), convolved(x, w, table, window, rows - 1))


def test_padding_is_multiplied(way: object) -> None:
    table = torch.full((4, 4), 7, dtype=torch.int32)
    x, w = torch.zeros(1, 1, 2, 2, dtype=torch.uint8), torch.zeros(1, 1, 3, 3, dtype=torch.uint8)
    sums = lookup_convolution(x, w, table, Window((1, 1), ((1, 1), (1, 1)), (1, 1)), zero=3)
    assert torch.equal(sums.long(), torch.full((1, 1, 2, 2), 63))


def test_every_multiplier_at_all_pairs(way: object) -> None:
    """Sums of one product: all the activations against all the weights."""
    for multiplier in (*catalog(8), *catalog(8, signed=True)):
        table = multiplier.table()
        x, w = (torch.arange(size, dtype=torch.int32) for size in table.shape)
        assert torch.equal(lookup_matrices(x[:, None], w[None], table).int(), table), str(multiplier)


def test_every_published_table(way: object, data_root: Path) -> None:
    paths = sorted((data_root / "multipliers").glob("*.bin"))
    assert len(paths) == 28
    for path in paths:
        table = torch.from_numpy(np.fromfile(path, "<i2" if "mul8s" in path.stem else "<u2").astype("int32"))
        table = table.reshape(256, 256)
        for x_shape, w_shape, groups in (((2, 5, 12, 12), (18, 5, 3, 3), 1), ((2, 3, 12, 12), (3, 1, 3, 3), 3)):
            x, w = patterns(256, *x_shape, seed=1), patterns(256, *w_shape, seed=2)
            window = Window((1, 1), ((1, 1), (1, 1)), (1, 1), groups)
            sums = lookup_convolution(x, w, table, window, 0).long()
            assert torch.equal(sums, by_torch(x, w, table, window, 0)), path.stem


def test_the_binding_checks_what_it_is_given() -> None:
    if native.kernels is None:
        pytest.skip("no compiled kernels")
    table = entries("small", 256, 256)
    codes, wide = torch.zeros(1, 4, 4, dtype=torch.uint8), torch.zeros(1, 4, 4, dtype=torch.uint16)
    call = native.kernels.lookup_matrices
    sums = torch.empty(1, 4, 4, dtype=torch.int32)
    here = int(native.processor)
    for x, w, out, message in (
        (codes, wide, sums, "different types"),
        (codes.to(torch.int8), codes.to(torch.int8), sums, "uint8 or uint16"),
        (codes, codes, sums.float(), "int32 or int64"),
        (codes, codes[:, :3], sums, "another size"),
        (codes, torch.zeros(1, 4, 5, dtype=torch.uint8), sums, "different sizes"),
        ((wide.int() + 256).to(torch.uint16), wide, sums, "x holds the pattern 256"),
    ):
        with pytest.raises(ValueError, match=message):
            call(x, w, table, out, here, 1)
    with pytest.raises(ValueError, match="processor"):
        call(codes, codes, table, sums, 3, 1)
    image, kernel = torch.zeros(1, 1, 1, 4, 4, dtype=torch.uint8), torch.zeros(1, 1, 1, 3, 3, dtype=torch.uint8)
    for stride, groups, places, message in (
        ((1, 1, 1), 1, (1, 3, 2), "larger than the input"),
        ((1, 2**62, 1), 1, (1, 2, 2), "stride"),
        ((1, 0, 1), 1, (1, 2, 2), "not positive"),
        ((1, 1, 1), 2, (1, 2, 2), "groups"),
    ):
        out = torch.empty(1, 1, *places, dtype=torch.int32)
        with pytest.raises(ValueError, match=message):
            native.kernels.lookup_convolution(image, kernel, table, stride, (1, 1, 1), groups, out, here, 1)


@pytest.mark.parametrize("length", [4096, 4097, 9_001])
def test_lines_longer_than_what_is_summed_at_once(way: object, length: int) -> None:
    """And many short ones, with gaps in the input between them; images more than are done together."""
    table = entries("int16", 256, 256)
    for shape, kernel, pad in (((2, 3, length), (5,), 2), ((3, 3, length // 40, 9), (3, 4), 1)):
        x, w = patterns(256, *shape, seed=3), patterns(256, 3, 1, *kernel, seed=4)
        window = Window((1,) * len(kernel), ((pad, pad),) * len(kernel), (1,) * len(kernel), 3)
        assert torch.equal(lookup_convolution(x, w, table, window, 7), by_torch(x, w, table, window, 7))
