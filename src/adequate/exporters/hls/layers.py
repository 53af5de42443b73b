"""One function a layer, and the network that calls them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from adequate.exporters.hls.elementwise import elementwise
from adequate.exporters.hls.moving import concat, pool, rearrange, reduce
from adequate.exporters.hls.parameters import Parameters, parameters
from adequate.exporters.hls.scope import Code, Scope
from adequate.exporters.hls.sums import sum_of_products
from adequate.exporters.names import identifiers, plain_text
from adequate.program.steps import Concat, Constant, Contract, Convolve, Input, Pool, Rearrange, Reduce, Step


@dataclass(frozen=True)
class Function:
    """A run of consecutive steps of one layer: what it reads from others, and what others read from it."""

    name: str
    steps: tuple[Step, ...]
    reads: tuple[str, ...]
    makes: tuple[str, ...]


def functions(scope: Scope) -> tuple[Function, ...]:
    """The layers' functions, in the order of the steps."""
    program = scope.program
    made = [step for step in program.steps if not isinstance(step, Input | Constant)]
    runs = [(layer, tuple(run)) for layer, run in groupby(made, key=lambda step: step.layer)]
    names = identifiers([f"{layer} {at}" for at, (layer, _) in enumerate(runs)], "layer")
    maker = {step.value.name: at for at, (_, run) in enumerate(runs) for step in run}
    shared = {*program.outputs, *program.layers.values()}
    shared |= {one for at, (_, run) in enumerate(runs) for one in _reads(run) if maker.get(one) not in (None, at)}
    inputs = {step.value.name for step in program.inputs}
    found: list[Function] = []
    for at, (layer, run) in enumerate(runs):
        reads = tuple(one for one in _reads(run) if one in inputs or maker.get(one, at) != at)
        makes = tuple(step.value.name for step in run if step.value.name in shared)
        found.append(Function(names[f"{layer} {at}"], run, reads, makes))
    return tuple(found)


def _reads(run: Sequence[Step]) -> list[str]:
    return list(dict.fromkeys(one for step in run for one in step.operands))


def step_code(step: Step, scope: Scope) -> Code:
    """The lines that make a step's value in its array.

    Raises:
        ValueError: it cannot be made in C++; the value is named.
    """
    match step:
        case Convolve() | Contract():
            return sum_of_products(step, scope)
        case Pool():
            return pool(step, scope)
        case Reduce():
            return reduce(step, scope)
        case Concat():
            return concat(step, scope)
        case Rearrange():
            return rearrange(step, scope)
        case _:
            return elementwise(step, scope)  # pyright: ignore[reportArgumentType]


def function_code(function: Function, scope: Scope) -> tuple[str, Code]:
    """The function's text, and what it uses."""
    made = [step_code(step, scope) for step in function.steps]
    arguments = [f"const {_array(one, scope)}" for one in function.reads] + [
        _array(one, scope) for one in function.makes
    ]
    body: list[str] = []
    for step, one in zip(function.steps, made, strict=True):
        body.append(f"// {plain_text(type(step).__name__)}: {plain_text(step.value.name)}")
        if step.value.name not in function.makes:
            body.append(f"static {_array(step.value.name, scope)};")
        body += ["{", *(f"    {line}" for line in one.lines), "}"]
    head = f"// {plain_text(function.steps[0].layer)}\nstatic void {function.name}({', '.join(arguments)}) {{"
    return "\n".join([head, *(f"    {line}" for line in body), "}"]), sum(made, Code())


def constants(scope: Scope) -> tuple[Parameters, ...]:
    """The constants that are read as integers, rather than as the weights of a sum of products."""
    program = scope.program
    read = {one for step in program.steps for one in _as_integers(step)} | {*program.outputs, *program.layers.values()}
    return tuple(
        parameters(scope.names[step.value.name], step.integers, scope.range(step.value.name))
        for step in program.steps
        if isinstance(step, Constant) and step.value.name in read
    )


def _as_integers(step: Step) -> Sequence[str]:
    return (step.x,) if isinstance(step, Convolve | Contract) else step.operands


def _array(name: str, scope: Scope) -> str:
    return f"{scope.type(name)} {scope.names[name]}[{scope.size(name)}]"
