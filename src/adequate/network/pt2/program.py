"""The exported program that a document describes."""

from contextlib import suppress
from typing import Any

import torch
from torch import Tensor
from torch._export.verifier import load_verifier
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.export import ExportedProgram
from torch.export.exported_program import ModuleCallEntry, ModuleCallSignature
from torch.export.graph_signature import (
    ConstantArgument,
    ExportGraphSignature,
    InputKind,
    InputSpec,
    OutputKind,
    OutputSpec,
    TensorArgument,
)
from torch.fx import GraphModule, Node
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext
from torch.utils import _pytree as pytree

from adequate.network.pt2.arguments import node_of
from adequate.network.pt2.fields import Field
from adequate.network.pt2.graph import Builder
from adequate.network.pt2.limits import refuse_huge
from adequate.network.pt2.structure import structure
from adequate.network.pt2.tensors import DTYPES

LEAST_FREE = 2
"""Sizes 0 and 1 are never free: torch.export takes them for constants."""

OTHER_BATCH = 6
"""A batch made free is tried with so many more."""

LIFTED = {
    "parameter": (InputKind.PARAMETER, "parameter_name"),
    "buffer": (InputKind.BUFFER, "buffer_name"),
    "tensor_constant": (InputKind.CONSTANT_TENSOR, "tensor_constant_name"),
}
"""Inputs of the graph that the file itself provides."""

Read = tuple[ExportedProgram, tuple[Tensor, ...]]
"""A program and zeros of the shapes of its inputs."""


def program_of(module: Field, held: dict[str, Tensor]) -> Read:
    """The program that a document describes, over the tensors that the file holds, and zeros for its inputs.

    Its batch is made free where all inputs have the same fixed one and nothing else depends on it.

    Raises:
        ValueError: something in it is malformed, unknown or does not fit.
    """
    batch = _fixed_batch(module)
    if batch is not None:
        with suppress(ValueError):
            return _built(module, held, batch)
    return _built(module, held, None)


def _built(module: Field, held: dict[str, Tensor], batch: int | None) -> Read:
    graph, signature = module["graph"], module["signature"]
    builder = Builder(FakeTensorMode(shape_env=ShapeEnv()), batch)
    shapes = graph["tensor_values"].members()
    inputs, example = [], []
    for entry in signature["input_specs"].elements():
        kind, spec = entry.choice()
        if kind in LIFTED:
            name, target = spec["arg"]["name"], spec[LIFTED[kind][1]]
            tensor = _held(target, held)
            argument = TensorArgument(builder.placeholder(name, builder.mode.from_tensor(tensor, static_shapes=True)))
            persistent = spec["persistent"].flag() if kind == "buffer" else None
            inputs.append(InputSpec(LIFTED[kind][0], argument, target.text(), persistent))
        elif kind == "user_input" and spec["arg"].choice()[0] == "as_tensor":
            name = spec["arg"]["as_tensor"]["name"]
            if name.text() not in shapes:
                raise name.error(f"is {name.text()!r}, of which the file says no shape")
            fake, zeros = _input(shapes[name.text()], builder.mode, batch)
            example.append(zeros)
            inputs.append(InputSpec(InputKind.USER_INPUT, TensorArgument(builder.placeholder(name, fake)), None))
        else:
            raise entry.error(f"is an input of kind {kind!r}; read are tensors")
    builder.extend(graph["nodes"].elements())
    outputs, results = _outputs(signature["output_specs"].elements(), builder)
    if batch is not None:
        _check_batch(graph, batch, builder)
    builder.graph.output(tuple(results)).meta["val"] = tuple(
        one.meta["val"] if isinstance(one, Node) else one for one in results
    )
    calls = _calls(module, len(example), sum(one.kind is OutputKind.USER_OUTPUT for one in outputs))
    lifted = {str(one.target): one.kind for one in inputs if one.kind is not InputKind.USER_INPUT}
    constants: dict[str, Any] = {name: held[name] for name, kind in lifted.items() if kind is InputKind.CONSTANT_TENSOR}
    try:
        program = ExportedProgram(
            root=GraphModule(torch.nn.Module(), builder.graph),
            graph=builder.graph,
            graph_signature=ExportGraphSignature(inputs, outputs),
            state_dict={name: held[name] for name in lifted if name not in constants},
            range_constraints={},
            module_call_graph=[ModuleCallEntry("", calls)],
            constants=constants,
            verifiers=[load_verifier("TRAINING")],
        )
    except Exception as error:  # whatever torch's verifier finds in a graph that contradicts itself
        raise module.error(f"is no program: {' '.join(str(error).split())[:500]}") from None
    return program, tuple(example)


def _held(target: Field, held: dict[str, Tensor]) -> Tensor:
    """The tensor of a name that can be the path of a parameter: its parts are printable, free and without quotes."""
    name = target.text()
    if name not in held:
        raise target.error(f"is {name!r}, which the file does not hold")
    first, *rest = name.split(".")
    for part, owner in [(first, GraphModule), *((one, torch.nn.Module) for one in rest)]:
        if not part or not part.isprintable() or set(part) & set("\"'\\") or hasattr(owner, part):
            raise target.error(f"is {name!r}, which is no name for a parameter")
    return held[name]


def _fixed_batch(module: Field) -> int | None:
    """The size of the batch, if it is the same number in all inputs."""
    shapes, found = module["graph"]["tensor_values"].members(), set()
    for entry in module["signature"]["input_specs"].elements():
        kind, spec = entry.choice()
        if kind == "user_input" and spec["arg"].choice()[0] == "as_tensor":
            name = spec["arg"]["as_tensor"]["name"].text()
            sizes = shapes[name]["sizes"].elements() if name in shapes else []
            found.add(sizes[0].members()["as_int"].integer() if sizes and sizes[0].choice()[0] == "as_int" else None)
    return found.pop() if len(found) == 1 else None


def _check_batch(graph: Field, batch: int, builder: Builder) -> None:
    """Every output must have the shape the file says, but for a free batch in front.

    Raises:
        ValueError: it has another one.
    """
    for output in graph["outputs"].elements():
        kind, value = output.choice()
        if kind != "as_tensor":
            continue
        free = list(node_of(value["name"], builder.nodes).meta["val"].shape)
        fixed = [size["as_int"].integer() for size in graph["tensor_values"][value["name"].text()]["sizes"].elements()]
        if fixed[:1] != [batch] or len(free) != len(fixed) or isinstance(free[0], int) or free[1:] != fixed[1:]:
            raise output.error("depends on the size of the batch")


def _input(meta: Field, mode: FakeTensorMode, batch: int | None) -> tuple[Tensor, Tensor]:
    """A tensor without values, free where the program left a size free, and zeros with 1 in that place.

    A symbol stands for one size wherever it occurs: equal hints become equal symbols. A ``batch`` that is made free
    gets a hint of its own, so that whatever wants the fixed one fails.
    """
    sizes, dynamic = [], []
    for one in meta["sizes"].elements():
        kind, size = one.choice()
        if kind == "as_int":
            sizes.append(size.integer())
            dynamic.append(DimDynamic.STATIC)
        else:
            hint = size.members().get("hint")
            known = hint["as_int"].integer() if hint is not None and hint.value is not None else LEAST_FREE
            sizes.append(max(known, LEAST_FREE))
            dynamic.append(DimDynamic.DUCK)
    if batch is not None:
        sizes[0], dynamic[0] = batch + OTHER_BATCH, DimDynamic.DUCK
    dtype = meta["dtype"].chosen(DTYPES, "type")
    if min(sizes, default=0) < 0:
        raise meta.error(f"has sizes {sizes}")
    refuse_huge(meta, torch.empty(sizes, dtype=dtype, device="meta"))
    context = StatelessSymbolicContext(dynamic_sizes=dynamic)
    fake = mode.from_tensor(torch.empty(sizes, dtype=dtype), symbolic_context=context)
    least = [1 if how is DimDynamic.DUCK else size for size, how in zip(sizes, dynamic, strict=True)]
    return fake, torch.zeros(least, dtype=dtype)


def _outputs(specs: list[Field], builder: Builder) -> tuple[list[OutputSpec], list[Node | None]]:
    found: list[OutputSpec] = []
    results: list[Node | None] = []
    for entry in specs:
        kind, spec = entry.choice()
        if kind == "buffer_mutation":
            argument, target, what = spec["arg"]["name"], spec["buffer_name"].text(), OutputKind.BUFFER_MUTATION
        elif kind == "user_output":
            of, value = spec["arg"].choice()
            if of == "as_none":
                found.append(OutputSpec(OutputKind.USER_OUTPUT, ConstantArgument("", None), None))
                results.append(None)
                continue
            if of != "as_tensor":
                raise entry.error(f"is an output of kind {of!r}; read are tensors")
            argument, target, what = value["name"], None, OutputKind.USER_OUTPUT
        else:
            raise entry.error(f"is an output of kind {kind!r}; read are tensors")
        node = node_of(argument, builder.nodes)
        found.append(OutputSpec(what, TensorArgument(node.name), target))
        results.append(node)
    return found, results


def _calls(module: Field, inputs: int, outputs: int) -> ModuleCallSignature:
    """How the whole is called; containers that do not hold as many tensors become plain tuples."""
    whole = next((one for one in module["module_call_graph"].elements() if one["fqn"].text() == ""), None)
    if whole is None or whole["signature"].value is None:
        raise module.error("does not say how it is called")
    given, returned = structure(whole["signature"]["in_spec"]), structure(whole["signature"]["out_spec"])
    if (given.num_leaves, returned.num_leaves) != (inputs, outputs):
        raise whole.error(f"has {given.num_leaves} inputs and {returned.num_leaves} outputs")
    if given.type is not tuple or given.num_children != 2 or given.child(1).type is not dict:
        given = pytree.tree_structure(((0,) * inputs, {}))
    return ModuleCallSignature(inputs=[], outputs=[], in_spec=given, out_spec=returned)
