"""SCNN, step by step in plain Python, as its specification words it."""

from itertools import product
from math import ceil

Image = list[list[list[int]]]
"""Of one group: (channels, rows, columns)."""
Filters = list[list[list[list[int]]]]
"""Of one group: (filters, channels, kernel rows, kernel columns)."""


def folded(activation: Image, weight: Filters) -> tuple[Image, Filters]:
    """A matrix times a vector as a convolution: 256 channels become one of 16 x 16."""
    blocks = ceil(len(activation) / 256)
    missing = 256 * blocks - len(activation)

    def squares(values: list[int]) -> Image:
        padded = values + [0] * missing
        return [[padded[256 * b + 16 * r : 256 * b + 16 * r + 16] for r in range(16)] for b in range(blocks)]

    image = squares([channel[0][0] for channel in activation])
    return image, [squares([channel[0][0] for channel in one]) for one in weight]


def bank_of(filter: int, row: int, column: int, banks: int) -> int:
    high = ((filter & 4) << 2) ^ ((row & 2) << 3) ^ ((column & 2) << 3)
    return (high + ((row & 1) << 3) + ((column & 1) << 2) + (filter & 3)) % banks


def cycles_and_products(
    activation: Image,
    weight: Filters,
    *,
    stride: tuple[int, int] = (1, 1),
    dilation: tuple[int, int] = (1, 1),
    padding: tuple[int, int] = (0, 0),
    tiles: tuple[int, int],
    inputs: int,
    weights: int,
    accumulators: int,
    banks: int,
) -> tuple[int, int]:
    """Of one group of one image; ``padding`` is that above and to the left, contained in the activations."""
    size = len(activation[0]), len(activation[0][0])
    kernel = len(weight[0][0]), len(weight[0][0][0])
    if size == kernel == (1, 1):
        activation, weight = folded(activation, weight)
        size = kernel = (16, 16)
    reach = [d * (k - 1) for d, k in zip(dilation, kernel, strict=True)]
    output = [(n - far - 1) // s + 1 for n, far, s in zip(size, reach, stride, strict=True)]
    held = ceil(output[0] / tiles[0]) * ceil(output[1] / tiles[1])
    block = accumulators // held
    tile = [ceil(n / t) for n, t in zip(size, tiles, strict=True)]
    cycles = products = 0
    for first in range(0, len(weight), block):
        filters = range(first, min(first + block, len(weight)))
        for channel, image in enumerate(activation):
            elements = []
            for at in product(range(tiles[0]), range(tiles[1])):
                spent = 0
                for phase in product(range(stride[0]), range(stride[1])):
                    a = [
                        (y, x)
                        for y in range(at[0] * tile[0], min((at[0] + 1) * tile[0], size[0]))
                        for x in range(at[1] * tile[1], min((at[1] + 1) * tile[1], size[1]))
                        if image[y][x] and (y % stride[0], x % stride[1]) == phase
                    ]
                    w = [
                        (k, r * dilation[0], q * dilation[1])
                        for r in range(kernel[0])
                        for q in range(kernel[1])
                        for k in filters
                        if weight[k][channel][r][q]
                        and (r * dilation[0] % stride[0], q * dilation[1] % stride[1]) == phase
                    ]
                    for i, f in product(range(0, len(a), inputs), range(0, len(w), weights)):
                        hits = [0] * banks
                        for (y, x), (k, r, q) in product(a[i : i + inputs], w[f : f + weights]):
                            row, column = (y - r) / stride[0], (x - q) / stride[1]
                            if 0 <= row < output[0] and 0 <= column < output[1]:
                                hits[bank_of(k, int(row), int(column), banks)] += 1
                                products += 1
                        spent += max(1, *hits)
                elements.append(spent)
            cycles += max(elements)
        sides = [[max(far - before, 0), n, before] for far, before, n in zip(reach, padding, tile, strict=True)]
        halo = [sides[0][i] * sides[1][j] for i, j in product(range(3), range(3)) if (i, j) != (1, 1)]
        cycles += max(halo) * len(filters)
    return cycles, products
