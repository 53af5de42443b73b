"""What an export says about the arithmetic in it."""

from collections.abc import Iterable, Sequence

from adequate.exporters.hls.scope import Scope
from adequate.exporters.names import plain_text
from adequate.program.steps import Constant, Input, Product
from adequate.program.value import Value, bits, exponent


def readme(scope: Scope) -> str:
    """Markdown: how to use the folder, what goes in and comes out, and the design's table."""
    layers = [_row(layer, value, scope) for layer, value in scope.program.layers.items()]
    return "\n".join([*HEAD, *_table(PORTS, _ports(scope)), "", *_table(TITLES, layers), ""])


PORTS = ("port", "of", "shape", "format", "integers", "1 stands for")

TITLES = ("layer", "output", "weights", "products", "sums", "output's integers", "1 stands for", "widest inside")

HEAD = [
    "# A network as C++",
    "",
    "Integers only, computed as the integer program that this was made from computes them.",
    "",
    "* `make` compiles a testbench with g++ alone; `make check` runs the network on the images in `vectors/` and",
    "  compares every layer's output: `0 mismatches of N values`, or the first that differs and exit code 1.",
    "* `build/testbench run . INPUTS OUTPUTS COUNT` reads `INPUTS/input_0.bin`, ... of so many images, and writes",
    "  `OUTPUTS/output_0.bin`, ...",
    "* `network.cpp` has a function for each layer and the top level `network`, which reads and writes streams. For",
    "  high-level synthesis run `make initialisers`, then synthesize `network.cpp` with top function `network`;",
    "  `-DADEQUATE_AP_INT` takes integers of exact widths and streams from Vitis HLS.",
    "* Files in `weights/` and `vectors/` are packed: integers of stated bits one after the other, lowest bit first;",
    "  each image begins in a byte of its own.",
    "",
    "Word lengths are in bits, `s` signed and `u` unsigned; an empty cell says that a layer has no such thing. An",
    "integer times what 1 stands for is the number of the network.",
    "",
]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    return [f"| {' | '.join(row)} |" for row in [titles, ("---",) * len(titles), *rows]]


def _ports(scope: Scope) -> list[tuple[str, ...]]:
    """Inputs under the names that the network gives them, outputs under those of the layers that make them."""
    program = scope.program
    made = {value: layer for layer, value in program.layers.items()}
    found = [(f"input_{k}", step.source, step.value, plain_text(step.format)) for k, step in enumerate(program.inputs)]
    found += [(f"output_{k}", made.get(one, ""), program.values[one], "") for k, one in enumerate(program.outputs)]
    return [
        (port, plain_text(of), _shape(value), format, _word(*bits(*value.range)), _unit(value))
        for port, of, value, format in found
    ]


def _row(layer: str, value: str, scope: Scope) -> tuple[str, ...]:
    program = scope.program
    steps = [step for step in program.steps if step.layer == layer]
    products = [step for step in steps if isinstance(step, Product)]
    formats = [_stored(step, scope) for step in products]
    multipliers = [plain_text(step.products.multiplier) if step.products else "exact" for step in products]
    registers = [plain_text(step.register.accumulator) if step.register else "exact" for step in products]
    made = program.values[value]
    inside = [step.value for step in steps if not isinstance(step, Constant | Input)]
    widest = max((bits(*one.range) for one in inside), default=None)
    cells = [
        plain_text(layer),
        _shape(made),
        *(", ".join(dict.fromkeys(one)) for one in (formats, multipliers, registers)),
    ]
    return (*cells, _word(*bits(*made.range)), _unit(made), "" if widest is None else _word(*widest))


def _stored(step: Product, scope: Scope) -> str:
    constant = scope.constant(step.w)
    if constant is None:
        return "of the image"
    return _word(*bits(*constant.value.range)) if constant.format is None else plain_text(constant.format)


def _shape(value: Value) -> str:
    return " x ".join(map(str, value.shape))


def _unit(value: Value) -> str:
    """The unit, or the least and the greatest of several."""
    ends = dict.fromkeys((min(value.unit), max(value.unit)))
    return " to ".join(f"{one}" if (k := exponent(one)) is None else f"2^{k}" for one in ends)


def _word(width: int, signed: bool) -> str:
    return f"{'s' if signed else 'u'}{width}"
