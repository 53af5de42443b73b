"""From modules to layers: their names, shapes, operands and counts."""

import copy
from functools import partial

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export
from torch.nn import functional

from adequate.network import Network, trace
from adequate.network.layer import Layer
from adequate.zoo import entry


def images(*shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0))


def zoo(name: str) -> Network:
    member = entry(name)
    return trace(member.build(), torch.zeros(2, *member.example_shape[1:]))


class Shared(nn.Module):
    """One convolution called twice, functions at the root and within a module, several operands."""

    class Inner(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(self.conv(x)) + torch.relu(x)

    def __init__(self) -> None:
        super().__init__()
        self.inner = self.Inner()
        self.other = nn.Conv2d(3, 3, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y = self.inner(self.inner(x))
        return torch.cat([torch.relu(y), x, self.other(x) + 1], 1) + torch.tanh(x).repeat(1, 3, 1, 1)


def test_names_follow_module_paths_calls_and_functions() -> None:
    network = trace(Shared(), images(2, 3, 4, 4))
    assert [(layer.name, layer.operation, layer.inputs) for layer in network.layers] == [
        ("inner.conv", "conv2d", ("x",)),
        ("inner.relu", "relu", ("inner.conv",)),
        ("inner.relu#2", "relu", ("x",)),
        ("inner.add", "add", ("inner.relu", "inner.relu#2")),
        ("inner.conv#2", "conv2d", ("inner.add",)),
        ("inner.relu#3", "relu", ("inner.conv#2",)),
        ("inner.relu#4", "relu", ("inner.add",)),
        ("inner.add#2", "add", ("inner.relu#3", "inner.relu#4")),
        ("relu", "relu", ("inner.add#2",)),
        ("other", "conv2d", ("x",)),
        ("add", "add", ("other",)),
        ("concat", "concat", ("relu", "x", "add")),
        ("tanh", "tanh", ("x",)),
        ("repeat", "repeat", ("tanh",)),
        ("add#2", "add", ("concat", "repeat")),
    ]
    assert network["inner.conv"].weight == network["inner.conv#2"].weight == "inner.conv.weight"
    assert network["other"].bias is None
    assert network.parameters == 3 * 3 + 3 + 3 * 3  # the shared convolution counts once


def test_a_bare_layer_is_named_by_its_operation() -> None:
    assert [layer.name for layer in trace(nn.Linear(2, 3), images(2, 2)).layers] == ["linear"]


def test_an_operand_used_twice_is_two_operands() -> None:
    class Square(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x * x

    (layer,) = trace(Square(), images(2, 3)).layers
    assert (layer.name, layer.inputs, layer.input_shapes) == ("mul", ("x", "x"), ((None, 3), (None, 3)))


def test_parts_of_a_result_come_from_their_layer() -> None:
    class Halves(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 3, 1)

        def forward(self, x: Tensor) -> Tensor:
            a, b = x.chunk(2, 1)
            return self.conv(a) + self.conv(b)

    network = trace(Halves(), images(2, 4, 3, 3))
    assert network["conv"].inputs == network["conv#2"].inputs == ("chunk",)
    assert network["conv"].input_shapes == ((None, 2, 3, 3),)


def test_arithmetic_on_sizes_is_no_layer() -> None:
    class Pairs(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.relu(x.reshape(x.shape[0] // 2, 2 * x.shape[1]))

    assert [layer.operation for layer in trace(Pairs(), images(4, 3)).layers] == ["reshape", "relu"]


def test_several_inputs() -> None:
    class Two(nn.Module):
        def forward(self, left: Tensor, right: Tensor) -> Tensor:
            return left @ right

    network = trace(Two(), (images(2, 3, 4), images(2, 4, 5)))
    (layer,) = network.layers
    assert (layer.operation, layer.inputs, layer.weight) == ("matmul", ("left", "right"), None)
    assert (layer.terms, layer.macs) == (4, 3 * 5 * 4)

    class Many(nn.Module):
        def forward(self, *inputs: Tensor) -> Tensor:
            return inputs[0] + inputs[1]

    (layer,) = trace(Many(), (images(2, 3), images(2, 3))).layers
    assert len(layer.inputs) == 2


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_the_batch_stays_free(batch: int) -> None:
    model = Shared().eval()
    network = trace(model, images(batch, 3, 4, 4))
    assert all(layer.output_shape[0] is None for layer in network.layers)
    for n in (1, 4):
        x = images(n, 3, 4, 4)
        assert torch.equal(network.graph(x), model(x))


@pytest.mark.parametrize("name", ['a"b', "a\nb", "a\rb", "a\0b", "a\\nb", "a\\", 'x"""y', "class"])
def test_names_that_no_code_can_hold_are_refused_in_one_line(name: str) -> None:
    model = nn.Sequential()
    model.add_module(name, nn.Sequential(nn.Linear(3, 3)))
    with pytest.raises(ValueError, match=r"^cannot trace Sequential: torch cannot write .* keywords$") as raised:
        trace(model, images(2, 3))
    assert repr(f"{name}.0.weight") in str(raised.value)


@pytest.mark.parametrize("name", ["a'b", "a b", "a{b}", "%s", "é", "if; x", "a\tb", "1"])
def test_other_names_are_those_of_layers(name: str) -> None:
    model = nn.Sequential()
    model.add_module(name, nn.Linear(3, 3))
    x = images(2, 3)
    network = trace(model, x)
    assert [layer.name for layer in network.layers] == [name]
    assert torch.equal(network.graph(x), model(x))


def test_tracing_touches_nothing() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5)).train()
    before, x = copy.deepcopy(model.state_dict()), images(2, 1, 5, 5)
    given = x.clone()
    network = trace(model, x)
    assert model.training
    assert model[1].training
    assert torch.equal(x, given)
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    with torch.no_grad():
        model[0].weight.zero_()
    assert network.state()["0.weight"].any()


def test_exported_programs_are_networks_too() -> None:
    model = Shared().eval()
    program = export(model, (images(2, 3, 4, 4),), dynamic_shapes=({0: Dim("batch")},))
    assert trace(program, images(2, 3, 4, 4)).layers == trace(model, images(2, 3, 4, 4)).layers


@pytest.mark.parametrize("wrong", ["data", "shape"])
def test_a_model_that_cannot_be_followed_is_named(wrong: str) -> None:
    class Depends(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x + 1 if x.sum() > 0 else x - 1

    model = Depends() if wrong == "data" else nn.Linear(3, 2)
    with pytest.raises(ValueError, match=rf"^cannot trace {type(model).__name__}: \S[^\n]+$"):
        trace(model, images(2, 4))


def test_select_by_pattern_and_operation() -> None:
    network = trace(Shared(), images(2, 3, 4, 4))
    assert network.select("inner.conv*") == ("inner.conv", "inner.conv#2")
    assert network.select(operation="conv2d") == ("inner.conv", "inner.conv#2", "other")
    assert network.select("*", operation="tanh") == ("tanh",)
    assert network.select("add") == ("add",)  # the whole name
    with pytest.raises(ValueError, match=r"^no layer matches 'Conv'; the network has 'inner.conv', .* and 3 more$"):
        network.select("Conv")
    with pytest.raises(ValueError, match=r"^no layer of operation 'linear' matches '\*'; the network has "):
        network.select(operation="linear")
    with pytest.raises(KeyError, match=r"no such layer 'conv9'; the network has 'inner.conv'"):
        network["conv9"]
    assert "tanh" in network
    assert "conv9" not in network


LENET_MACS = 20 * 24**2 * 25 + 50 * 8**2 * 20 * 25 + 500 * 800 + 10 * 500
CIFAR_MACS = 32 * 32**2 * 3 * 25 + 32 * 16**2 * 32 * 25 + 64 * 8**2 * 32 * 25 + 10 * 1024


def resnet_macs(blocks: int) -> int:
    """3x3 convolutions: the stem on 32x32; 2n on 32x32 with 16 channels; then the first of each stage from the narrower
    one, 2n - 1 more, on 16x16 with 32 channels and on 8x8 with 64; one linear layer."""
    stage = 16 * 16 * 9 * 32**2  # the same for a full-width convolution of each stage
    narrow = stage // 2
    return 16 * 3 * 9 * 32**2 + 2 * blocks * stage + 2 * (narrow + (2 * blocks - 1) * stage) + 64 * 10


@pytest.mark.parametrize(
    ("name", "macs", "parameters"),
    [
        ("lenet", LENET_MACS, 431_080),
        ("lenet-300-100", 784 * 300 + 300 * 100 + 100 * 10, 266_610),
        ("cifar10-full", CIFAR_MACS, 89_578),
        ("resnet20", resnet_macs(3), 269_722),
        ("digits-cnn", 16 * 64 * 9 + 32 * 16 * 16 * 9 + 128 * 64 + 64 * 10, 13_706),
    ],
)
def test_counts_of_the_zoo(name: str, macs: int, parameters: int) -> None:
    network = zoo(name)
    assert (network.macs, network.parameters) == (macs, parameters)
    assert sum(layer.parameters for layer in network.layers) == parameters


def test_counts_that_are_published() -> None:
    assert LENET_MACS == 2_293_000
    assert resnet_macs(3) == 40_551_040  # the "41 M" of the literature


def test_layers_of_lenet() -> None:
    network = zoo("lenet")
    found = [(one.name, one.operation, one.output_shape, one.terms, one.macs, one.weights) for one in network.layers]
    assert found == [
        ("conv1", "conv2d", (None, 20, 24, 24), 25, 288_000, 500),
        ("pool1", "max_pool2d", (None, 20, 12, 12), 0, 0, 0),
        ("conv2", "conv2d", (None, 50, 8, 8), 500, 1_600_000, 25_000),
        ("pool2", "max_pool2d", (None, 50, 4, 4), 0, 0, 0),
        ("flatten", "flatten", (None, 800), 0, 0, 0),
        ("ip1", "linear", (None, 500), 800, 400_000, 400_000),
        ("relu1", "relu", (None, 500), 0, 0, 0),
        ("ip2", "linear", (None, 10), 500, 5_000, 5_000),
    ]
    assert [layer.name for layer in network.multiplying] == ["conv1", "conv2", "ip1", "ip2"]


def test_normalisations_of_several_calls_are_one_layer() -> None:
    operations = {layer.name: layer.operation for layer in zoo("cifar10-full").layers}
    assert operations["norm1"] == operations["norm2"] == "lrn"
    (layer,) = trace(nn.Sequential(nn.LocalResponseNorm(3)), images(2, 4, 3, 3)).layers
    assert (layer.name, layer.operation, layer.inputs) == ("0", "lrn", ("input",))


def macs_of(layer: nn.Module, *shape: int) -> tuple[int, int]:
    (found,) = trace(layer, images(2, *shape)).layers
    return found.terms, found.macs


@pytest.mark.parametrize(
    ("layer", "shape", "terms", "macs"),
    [
        (nn.Conv2d(4, 6, 3, groups=2), (4, 5, 5), 18, 6 * 9 * 18),
        (nn.Conv1d(4, 6, 3, stride=2), (4, 9), 12, 6 * 4 * 12),
        (nn.Conv3d(1, 2, 2), (1, 3, 3, 3), 8, 2 * 8 * 8),
        (nn.Linear(5, 7), (3, 5), 5, 3 * 7 * 5),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (4, 5, 5), 18, 4 * 25 * 3 * 9),
    ],
    ids=str,
)
def test_counts_of_one_layer(layer: nn.Module, shape: tuple[int, ...], terms: int, macs: int) -> None:
    assert macs_of(layer, *shape) == (terms, macs)


def test_a_network_with_other_weights() -> None:
    network = trace(nn.Linear(2, 1), images(2, 2))
    given = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.tensor([3.0])}
    changed = network.with_state(given)
    assert changed.graph(torch.tensor([[1.0, 1.0]])).item() == 6.0
    assert changed.digest != network.digest
    assert changed.digest == network.with_state(given).digest
    assert changed.layers == network.layers
    for broken, message in [
        ({"weight": given["weight"]}, "missing 'bias'; unknown none"),
        ({**given, "scale": torch.ones(1)}, "missing none; unknown 'scale'"),
        ({**given, "weight": torch.ones(2, 1)}, r"weight has shape \(1, 2\), the weights have \(2, 1\)"),
        ({**given, "bias": torch.tensor([torch.nan])}, "bias has NaN or infinite values"),
    ]:
        with pytest.raises(ValueError, match=message):
            network.with_state(broken)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_the_digest_knows_every_bit_in_every_dtype(dtype: torch.dtype) -> None:
    network = trace(nn.Linear(2, 1).to(dtype), images(2, 2).to(dtype))
    other = network.state()
    other["weight"].view(torch.uint8)[0, 0] ^= 1
    assert network.with_state(other).digest != network.digest
    assert network.with_state(network.state()).digest == network.digest


def test_layers_are_values() -> None:
    make = partial(trace, Shared(), images(2, 3, 4, 4))
    assert make().layers == make().layers
    assert len({*make().layers, *make().layers}) == len(make().layers)
    assert isinstance(make().layers[0], Layer)


def test_functional_weights_have_names_too() -> None:
    class Raw(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.kernel = nn.Parameter(torch.ones(2, 3, 1, 1))

        def forward(self, x: Tensor) -> Tensor:
            return functional.conv2d(x, self.kernel)

    (layer,) = trace(Raw(), images(2, 3, 2, 2)).layers
    assert (layer.name, layer.weight, layer.bias, layer.parameters) == ("conv2d", "kernel", None, 6)


def test_constants_are_no_layers() -> None:
    class Positions(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(4, 3)

        def forward(self, x: Tensor) -> Tensor:
            places = torch.arange(4).flip(0)
            return (x + self.embedding(places)) * torch.tensor([1.0, 2.0, 3.0])

    network = trace(Positions(), images(2, 4, 3))
    assert [(layer.name, layer.inputs) for layer in network.layers] == [
        ("embedding", ("flip",)),
        ("add", ("x", "embedding")),
        ("mul", ("add", "lift_fresh_copy")),
    ]


def test_what_is_written_into_a_constant_is_no_constant() -> None:
    class Written(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            y = torch.zeros(x.shape[0], 4)
            y[:, 1] = x[:, 0]
            return torch.relu(y)

    assert trace(Written(), images(2, 4)).layers[-1].operation == "relu"


def test_a_dimension_merged_with_the_batch_counts() -> None:
    """(batch * 5, 6) x (6, 7): 5 * 6 * 7 products for an image."""

    class Merged(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(6, 7)

        def forward(self, x: Tensor) -> Tensor:
            return self.fc(x.reshape(-1, 6))

    layer = trace(Merged(), images(2, 5, 6))["fc"]
    assert (layer.output_shape, layer.macs) == ((5, 7), 5 * 6 * 7)


def test_regions_without_gradient_are_the_graphs_own() -> None:
    class Frozen(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, x: Tensor) -> Tensor:
            with torch.no_grad():
                y = self.fc(x)
            return y * self.fc(x)

    model, x = Frozen(), images(2, 3)
    network = trace(model, x)
    assert [(layer.name, layer.weight) for layer in network.multiplying] == [("fc", "fc.weight"), ("fc#2", "fc.weight")]
    for one in (model, network.graph):
        one(x).sum().backward()
    theirs, ours = model.fc.weight.grad, network.graph.get_parameter("fc.weight").grad
    assert theirs is not None
    assert ours is not None
    assert torch.equal(theirs, ours)


class Cast(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return x @ x.mT


class Branching(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.cond(x.sum() > 0, lambda y: y + 1, lambda y: y - 1, (x,))


@pytest.mark.parametrize(
    ("model", "reason"),
    [(Cast(), "it has a torch.autocast region"), (Branching(), r"it has control flow that depends on data \(cond\)")],
    ids=lambda one: type(one).__name__,
)
def test_regions_that_no_hardware_has_are_refused(model: nn.Module, reason: str) -> None:
    with pytest.raises(ValueError, match=rf"^cannot trace {type(model).__name__}: {reason}[^\n]*$"):
        trace(model, images(2, 3))


def test_inputs_by_name() -> None:
    class Keywords(nn.Module):
        def forward(self, left: Tensor, *, right: Tensor) -> Tensor:
            return left - right

    x = images(2, 3)
    network = trace(Keywords(), {"left": x, "right": x})
    assert network.layers[0].inputs == ("left", "right")
    assert torch.equal(network.graph(left=x, right=2 * x), -x)


def test_one_tensor_given_twice_is_two_inputs() -> None:
    class Difference(nn.Module):
        def forward(self, a: Tensor, b: Tensor) -> Tensor:
            return a - b

    x = images(2, 3)
    network = trace(Difference(), (x, x))
    assert network.layers[0].inputs == ("a", "b")
    assert torch.equal(network.graph(x, 2 * x), -x)


@pytest.mark.parametrize("batch", [1, 3])
def test_a_batch_that_is_not_free_is_said_and_kept(batch: int) -> None:
    class Loop(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return torch.stack([row * 2 for row in x])

    network = trace(Loop(), images(batch, 3))
    assert network.batch == batch
    assert torch.equal(network.graph(images(batch, 3)), 2 * images(batch, 3))
    message = f"^input 'x' has a batch of 5; the model takes batches of {batch} only$"
    with pytest.raises(ValueError, match=message):
        network.graph(images(5, 3))
    assert trace(nn.Linear(3, 2), images(batch, 3)).batch is None


def test_the_state_is_the_users() -> None:
    """Tied and unused parameters, buffers that are no state, and plain tensors."""

    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.a, self.b, self.unused = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(2, 2)
            self.b.weight = self.a.weight
            self.norm = nn.BatchNorm1d(3)
            self.register_buffer("mask", torch.ones(3), persistent=False)
            self.plain = torch.ones(3)

        def forward(self, x: Tensor) -> Tensor:
            return self.norm(self.b(self.a(x))) * self.mask * self.plain * torch.tensor([1.0, 2.0, 3.0])

    model = Odd().eval()
    network = trace(model, images(2, 3))
    changed = network.with_state({name: tensor + 1 for name, tensor in model.state_dict().items()})
    for one in (network, changed):
        assert one.graph.state_dict().keys() == model.state_dict().keys()
    own = changed.graph.get_parameter("a.weight")
    assert own is changed.graph.get_parameter("b.weight")
    assert torch.equal(own, model.a.weight + 1)
    assert changed.digest != network.digest


def test_outputs_keep_their_structure() -> None:
    class Nested(nn.Module):
        def forward(self, x: Tensor) -> dict[str, object]:
            return {"sum": x + 1, "rest": [x * 2, (x,)]}

    output = trace(Nested(), images(2, 3)).graph(images(2, 3))
    assert torch.equal(output["sum"], images(2, 3) + 1)
    assert isinstance(output["rest"], list)
    assert isinstance(output["rest"][1], tuple)
