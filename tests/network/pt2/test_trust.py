"""Nothing in a file is executed, and a corrupt one is one clear line.

Every attack leaves a canary; where torch's own loader falls for it, that is shown, so that the attack is a real one.
"""

import contextlib
import io
import json
import pickle
import random
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.export import load

from adequate.design import Design
from adequate.emulation import emulate
from adequate.network import trace
from adequate.network.pt2 import read_pt2

Program = dict[str, Any]
"""The JSON of a program."""

Forge = Callable[..., Path]
"""Writes a forged file."""

MODEL = "models/model.json"
WEIGHTS = "data/weights/model_weights_config.json"
CONSTANTS = "data/constants/model_constants_config.json"


class Payload:
    """Creates a file when it is unpickled."""

    def __init__(self, canary: Path) -> None:
        self.canary = canary

    def __reduce__(self) -> tuple[Any, ...]:
        return (Path.touch, (self.canary,))


@pytest.fixture
def canary(tmp_path: Path) -> Path:
    """The file that must not appear."""
    return tmp_path / "canary"


def code(canary: Path) -> str:
    """An expression that leaves the canary."""
    return f"__import__('pathlib').Path({str(canary)!r}).touch()"


def read_and_run(path: Path) -> torch.Tensor:
    """Everything that is done with a file: read, traced, run; the outputs."""
    network = trace(*read_pt2(path))
    with torch.no_grad():
        return emulate(network, Design())(torch.linspace(-1, 1, 128).reshape(2, 1, 8, 8))


def loaded_by_torch(path: Path) -> None:
    """Torch's own loader, whatever it says: only the canary counts."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with contextlib.suppress(Exception):
            load(path).module()


def nodes(program: Program) -> list[Program]:
    return program["graph_module"]["graph"]["nodes"]


def pickled(canary: Path) -> bytes:
    buffer = io.BytesIO()
    torch.save(Payload(canary), buffer)
    return buffer.getvalue()


def test_sample_inputs_are_not_unpickled(forge: Forge, canary: Path) -> None:
    path = forge({"data/sample_inputs/model.pt": pickled(canary)})
    read_and_run(path)
    assert not canary.exists()
    loaded_by_torch(path)
    assert canary.exists()


@pytest.mark.parametrize("config", [WEIGHTS, CONSTANTS])
def test_a_pickled_tensor_is_refused(forge: Forge, saved: Path, canary: Path, config: str) -> None:
    with zipfile.ZipFile(saved) as source:
        listed = json.loads(source.read(f"small/{config}"))
    entry = next(iter(listed["config"].values()))
    entry["use_pickle"] = True
    folder = config.rpartition("/")[0]
    path = forge({config: json.dumps(listed).encode(), f"{folder}/{entry['path_name']}": pickled(canary)})
    with pytest.raises(ValueError, match="is pickled"):
        read_pt2(path)
    assert not canary.exists()
    loaded_by_torch(path)
    assert canary.exists()


def test_an_opaque_constant_is_refused(forge: Forge, saved: Path, canary: Path) -> None:
    with zipfile.ZipFile(saved) as source:
        listed = json.loads(source.read(f"small/{CONSTANTS}"))
    entry = next(iter(listed["config"].values()))
    entry |= {"path_name": "opaque_obj_0", "use_pickle": True}
    path = forge({CONSTANTS: json.dumps(listed).encode(), "data/constants/opaque_obj_0": pickle.dumps(Payload(canary))})
    with pytest.raises(ValueError, match="is pickled"):
        read_pt2(path)
    assert not canary.exists()


def test_expressions_are_not_evaluated(forge: Forge, canary: Path) -> None:
    def plant(program: Program) -> None:
        for meta in program["graph_module"]["graph"]["tensor_values"].values():
            for size in meta["sizes"]:
                if "as_expr" in size:
                    size["as_expr"]["expr_str"] = code(canary)

    path = forge(edit=plant)
    read_and_run(path)
    assert not canary.exists()
    loaded_by_torch(path)
    assert canary.exists()


def test_guards_and_metadata_are_not_executed(forge: Forge, canary: Path) -> None:
    def plant(program: Program) -> None:
        program["guards_code"] = [code(canary)]
        program["verifiers"] = [code(canary)]
        program["range_constraints"] = {code(canary): {"min_val": 2, "max_val": None}}
        program["graph_module"]["metadata"] = {"custom": code(canary)}
        for node in nodes(program):
            stack = node["metadata"].get("nn_module_stack", "")
            node["metadata"] = {
                "nn_module_stack": f"{stack};{code(canary)},{code(canary)},{code(canary)}",
                "source_fn_stack": f"x,torch.{code(canary)}",
                "torch_fn": code(canary),
                "stack_trace": code(canary),
                "from_node": code(canary),
            }

    read_and_run(forge(edit=plant))
    assert not canary.exists()


TARGETS = (
    "torch.load",
    "torch.ops.aten.from_file.default",
    "torch.ops.aten.save.default",
    "torch.ops.aten.set_.source_Storage",
    "torch.ops.aten.__class__.default",
    "torch.ops.aten.relu.__init__",
    "torch.ops.aten.relu.default.__call__",
    "torch.ops.aten.mul.left_t",
    "torch.ops.aten._unsafe_index.Tensor",
    "torch.ops.load_library",
    "torch.ops.mkldnn._linear_pointwise.default",
    "torch.ops.higher_order.cond",
    "torch.utils.cpp_extension.load",
    "torch._inductor.codecache.os.system",
    "_operator.attrgetter",
    "_operator.methodcaller",
    "_operator.pow",
    "math.factorial",
    "#aoti:anything",
    "os.system",
    "",
)


def test_only_listed_functions_are_called_and_all_others_named_at_once(forge: Forge) -> None:
    def plant(program: Program) -> None:
        call = next(one for one in nodes(program) if one["target"] == "torch.ops.aten.relu.default")
        position = nodes(program).index(call)
        nodes(program)[position:position] = [{**call, "target": target} for target in TARGETS]

    with pytest.raises(ValueError, match="calls what is not read") as refused:
        read_pt2(forge(edit=plant))
    assert all(repr(target) in str(refused.value) for target in TARGETS)
    assert "relu.default'" not in str(refused.value)


def rename(program: Program, old: str, new: str) -> None:
    """Another name for a value, wherever it occurs."""
    text = json.dumps(program["graph_module"]).replace(json.dumps(old), json.dumps(new))
    program["graph_module"] = json.loads(text)


@pytest.mark.parametrize("value", ["images", "p_conv_weight", "relu"])
def test_names_do_not_become_code(forge: Forge, canary: Path, value: str) -> None:
    """Graphs are compiled to Python, names and all."""
    path = forge(edit=lambda program: rename(program, value, f"{value}={code(canary)}"))
    with pytest.raises(ValueError, match="is no name of a value"):
        read_pt2(path)
    assert not canary.exists()


def test_a_name_of_pythons_is_another_name(forge: Forge, saved: Path) -> None:
    path = forge(edit=lambda program: (rename(program, "images", "input"), rename(program, "relu", "print")))
    assert torch.equal(read_and_run(path), read_and_run(saved))


def test_paths_of_parameters_do_not_become_code(forge: Forge, saved: Path, canary: Path) -> None:
    with zipfile.ZipFile(saved) as source:
        config = source.read(f"small/{WEIGHTS}").decode()
    for planted in (f'conv.x"); {code(canary)}; ("'.replace(".", "_"), "conv.forward", "graph", "conv..weight"):
        path = forge(
            {WEIGHTS: config.replace('"conv.weight"', json.dumps(planted)).encode()},
            edit=lambda program, name=planted: rename(program, "conv.weight", name),
        )
        with pytest.raises(ValueError, match="is no name for a parameter"):
            read_pt2(path)
        assert not canary.exists()


def test_names_of_arguments_do_not_become_code(forge: Forge, canary: Path) -> None:
    def plant(program: Program) -> None:
        signature = program["graph_module"]["module_call_graph"][0]["signature"]
        leaf: Program = {"type": None, "context": None, "children_spec": []}
        key = f"a={code(canary)}"
        named = {"type": "builtins.dict", "context": json.dumps([key]), "children_spec": [leaf]}
        none = {"type": "builtins.tuple", "context": "null", "children_spec": []}
        both = {"type": "builtins.tuple", "context": "null", "children_spec": [none, named]}
        signature["in_spec"] = json.dumps([1, both])
        signature["forward_arg_names"] = [key]

    with pytest.raises(ValueError, match="has keys"):
        read_pt2(forge(edit=plant))
    assert not canary.exists()


def test_only_plain_arguments(forge: Forge) -> None:
    for value in ({"as_custom_obj": {"name": "x", "class_fqn": "y"}}, {"as_operator": "torch.load"}):
        path = forge(edit=lambda program, one=value: nodes(program)[0]["inputs"][0].update(arg=one))
        with pytest.raises(ValueError, match="which is not read; read are as_none, as_tensor"):
            read_pt2(path)


def test_compressed_members_are_refused(forge: Forge) -> None:
    bomb = b"\0" * (1 << 20)
    with pytest.raises(ValueError, match="is compressed or encrypted"):
        read_pt2(forge({"data/weights/weight_0": bomb}, compression=zipfile.ZIP_DEFLATED))


def test_members_outside_the_archives_folder(saved: Path, tmp_path: Path) -> None:
    for name in ("../../canary", "/etc/canary", "other/weight_0"):
        path = tmp_path / "forged.pt2"
        path.write_bytes(saved.read_bytes())
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr(name, b"x")
        with pytest.raises(ValueError, match="does not lie in the folder"):
            read_pt2(path)


@pytest.mark.parametrize(
    ("sizes", "strides", "offset"),
    [([1 << 40, 1, 3, 3], [0, 9, 3, 1], 0), ([3, 1, 3, 3], [9, 9, 3, 1], 1), ([3, 1, 3, -3], [9, 9, 3, 1], 0)],
)
def test_a_tensor_lies_within_its_bytes(
    forge: Forge, saved: Path, sizes: list[int], strides: list[int], offset: int
) -> None:
    with zipfile.ZipFile(saved) as source:
        listed = json.loads(source.read(f"small/{WEIGHTS}"))
    listed["config"]["conv.weight"]["tensor_meta"] |= {
        "sizes": [{"as_int": size} for size in sizes],
        "strides": [{"as_int": stride} for stride in strides],
        "storage_offset": {"as_int": offset},
    }
    with pytest.raises(ValueError, match=r"conv\.weight\.tensor_meta"):
        read_pt2(forge({WEIGHTS: json.dumps(listed).encode()}))


def test_a_program_must_not_be_larger_than_the_machine(forge: Forge) -> None:
    def expand(program: Program) -> None:
        call = next(one for one in nodes(program) if one["target"] == "torch.ops.aten.relu.default")
        call["target"] = "torch.ops.aten.expand.default"
        size = {"as_ints": [1 << 40, -1, -1, -1, -1]}
        call["inputs"] = [call["inputs"][0], {"name": "size", "arg": size, "kind": 1}]

    with pytest.raises(ValueError, match="read are tensors of up to"):
        read_pt2(forge(edit=expand))


def test_truncated_files(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    path = tmp_path / "cut.pt2"
    for length in (0, 1, 100, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match=r"cut\.pt2") as refused:
            read_pt2(path)
        assert "\n" not in str(refused.value)


LEAVES: tuple[Any, ...] = (None, True, -1, 0, 1 << 31, 1 << 70, 1e300, "", "x", "as_int", [], {}, [[]], {"as_none": 1})


def mutate(value: Any, chance: random.Random) -> Any:
    """The document with one place replaced, left out or doubled."""
    if isinstance(value, dict | list) and value and chance.random() < 0.9:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        key = chance.choice(keys)
        if chance.random() < 0.1:
            del value[key]
        else:
            value[key] = mutate(value[key], chance)
        return value
    return chance.choice(LEAVES)


def assert_read_or_refused(path: Path) -> None:
    try:
        program, example = read_pt2(path)
    except ValueError as error:
        message = str(error)
    else:
        trace(program, example)
        return
    assert message
    assert "\n" not in message


@pytest.mark.parametrize("seeds", [range(25), pytest.param(range(25, 500), marks=pytest.mark.slow)], ids=len)
def test_mutated_programs_and_weights(forge: Forge, saved: Path, seeds: range) -> None:
    with zipfile.ZipFile(saved) as source:
        documents = {name: source.read(f"small/{name}") for name in (MODEL, WEIGHTS)}
    for one in seeds:
        chance = random.Random(one)
        name = WEIGHTS if one % 4 == 0 else MODEL
        path = forge({name: json.dumps(mutate(json.loads(documents[name]), chance)).encode()})
        assert_read_or_refused(path)
        path.unlink()


def test_mutated_bytes(saved: Path, tmp_path: Path) -> None:
    content = saved.read_bytes()
    path = tmp_path / "mutated.pt2"
    for seed in range(100):
        chance = random.Random(seed)
        forged = bytearray(content)
        for _ in range(chance.randrange(1, 5)):
            forged[chance.randrange(len(forged))] = chance.randrange(256)
        path.write_bytes(forged)
        assert_read_or_refused(path)
