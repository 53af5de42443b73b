"""Attention, recurrent networks and fused products: whole without a format, taken apart with one."""

import copy
from collections.abc import Callable
from functools import cache

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from adequate.comparison import compare
from adequate.design import Design, LayerDesign
from adequate.emulation import EmulatedNetwork, emulate
from adequate.formats import Fixed, Minifloat
from adequate.network import Network, trace
from adequate.profiling import profile

BATCH, TIME, WIDTH, HIDDEN = 3, 3, 6, 4


def draw(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def seeded(make: Callable[[], nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return make()


class Inside(nn.Module):
    """A module with a name, and a layer before and behind it."""

    def __init__(self, rnn: nn.Module) -> None:
        super().__init__()
        self.before = nn.Linear(WIDTH, WIDTH)
        self.rnn = rnn

    def forward(self, x: Tensor) -> object:
        return self.rnn(self.before(x))


class Given(nn.Module):
    """Initial states from the input, only the final states returned; time first inside."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn = nn.LSTM(WIDTH, HIDDEN)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        state = x[:, 0, :HIDDEN].unsqueeze(0)
        return self.rnn(x.transpose(0, 1), (state, state * 2))[1]


class Cells(nn.Module):
    """A cell called twice."""

    def __init__(self, cell: nn.Module, pair: bool) -> None:
        super().__init__()
        self.cell, self.pair = cell, pair

    def forward(self, x: Tensor) -> Tensor:
        state = self.cell(x[:, 1], self.cell(x[:, 0]))
        return state[0] if self.pair else state


class Attention(nn.Module):
    def __init__(self, mask: Callable[[], Tensor | None] = lambda: None, **options: object) -> None:
        super().__init__()
        self.qkv = nn.Linear(WIDTH, 3 * 8)
        self.mask, self.options = mask, options

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).view(-1, TIME, 3, 2, 4).permute(2, 0, 3, 1, 4)
        return functional.scaled_dot_product_attention(q, k, v, self.mask(), **self.options)  # type: ignore[arg-type]


class Grouped(nn.Module):
    """Four heads of the query over two of keys and values."""

    def forward(self, x: Tensor) -> Tensor:
        shared = x.view(-1, TIME, 2, WIDTH // 2).transpose(1, 2)
        q = torch.cat([shared, shared.tanh()], 1)
        return functional.scaled_dot_product_attention(q, shared, shared * 2, enable_gqa=True)


def seen() -> Tensor:
    """Query 0 sees nothing, for which attention gives zeros."""
    return torch.ones(TIME, TIME).triu() * torch.tensor([0.0, 1.0, 1.0]).unsqueeze(1) > 0


def lowered() -> Tensor:
    return torch.full((TIME, TIME), -torch.inf).triu(1) + 0.5


class Encoder(nn.TransformerEncoderLayer):
    def __init__(self) -> None:
        super().__init__(WIDTH, 2, 8, batch_first=True, dropout=0.2)


class Heads(nn.Module):
    def __init__(self, weights: bool) -> None:
        super().__init__()
        self.heads, self.weights = nn.MultiheadAttention(WIDTH, 2, dropout=0.3, batch_first=True), weights

    def forward(self, x: Tensor) -> object:
        return self.heads(x, x * 2, x, need_weights=self.weights)


class Fused(nn.Module):
    """``addmm`` and its kin, with and without factors."""

    def __init__(self) -> None:
        super().__init__()
        self.weight, self.bias = nn.Parameter(draw(WIDTH, 5)), nn.Parameter(draw(5, seed=1))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        first = x[:, 0]
        return (
            torch.addmm(self.bias, first, self.weight),
            torch.addmm(self.bias, first, self.weight, beta=0, alpha=0.5),
            torch.baddbmm(x[:, :, :1], x, x.mT, beta=2, alpha=3),
            torch.addmv(self.bias, self.weight.t(), x[0, 0]),
            torch.addbmm(x[0], x.mT[:, :TIME], x[:, :, :TIME].mT @ x),
        )


def rnn(kind: type[nn.Module], **options: object) -> Callable[[], nn.Module]:
    return lambda: Inside(kind(WIDTH, HIDDEN, batch_first=True, **options))


MODELS: dict[str, Callable[[], nn.Module]] = {
    "lstm": rnn(nn.LSTM),
    "lstm-deep": rnn(nn.LSTM, num_layers=2, bidirectional=True, dropout=0.3),
    "lstm-projected": rnn(nn.LSTM, proj_size=2, bias=False, bidirectional=True),
    "lstm-given": Given,
    "lstm-cell": lambda: Cells(nn.LSTMCell(WIDTH, HIDDEN), pair=True),
    "gru": rnn(nn.GRU, bidirectional=True),
    "gru-cell": lambda: Cells(nn.GRUCell(WIDTH, HIDDEN, bias=False), pair=False),
    "rnn-tanh": rnn(nn.RNN, num_layers=2),
    "rnn-relu": rnn(nn.RNN, nonlinearity="relu", bias=False),
    "rnn-cell": lambda: Cells(nn.RNNCell(WIDTH, HIDDEN), pair=False),
    "attention": Attention,
    "attention-causal": lambda: Attention(is_causal=True, scale=0.3),
    "attention-seen": lambda: Attention(seen),
    "attention-added": lambda: Attention(lowered),
    "attention-grouped": Grouped,
    "heads": lambda: Heads(weights=False),
    "heads-weights": lambda: Heads(weights=True),
    "encoder": Encoder,
    "fused": Fused,
}
FEW = ("lstm", "gru", "attention-seen", "fused")
"""One of each family, for the laws that take longer."""
LONG = ("lstm-deep", "lstm-projected", "rnn-tanh", "heads-weights", "encoder")
ALL = [pytest.param(name, marks=[pytest.mark.slow] * (name in LONG)) for name in MODELS]

pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN:UserWarning")


@cache
def made(name: str, dtype: torch.dtype = torch.float32) -> tuple[nn.Module, Network]:
    model = seeded(MODELS[name]).to(dtype).eval()
    return model, trace(model, inputs(dtype))


def inputs(dtype: torch.dtype = torch.float32) -> Tensor:
    return draw(BATCH, TIME, WIDTH).to(dtype)


def tensors(output: object) -> list[Tensor]:
    """The tensors of a model's output, in order."""
    if isinstance(output, Tensor):
        return [output]
    return [] if output is None else [one for part in output for one in tensors(part)]  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def own_path() -> object:
    """The encoder's own calls: its fused inference path, which no trace can follow, computes them in another order."""
    enabled = torch.backends.mha.get_fastpath_enabled()
    torch.backends.mha.set_fastpath_enabled(False)
    yield
    torch.backends.mha.set_fastpath_enabled(enabled)


def wide(network: Network) -> Design:
    """Every layer with an ``input`` format that has all the numbers around here: only the order of sums changes."""
    dtype = next((p.dtype for p in network.graph.parameters()), torch.float32)
    format = Minifloat(9, 52) if dtype == torch.float64 else Minifloat(7, 23)
    return Design({layer.name: LayerDesign(input=format) for layer in network.layers})


@pytest.mark.parametrize("name", ALL)
def test_an_empty_design_is_the_model_bit_for_bit(name: str) -> None:
    model, network = made(name)
    module = emulate(network, Design())
    for batch in (BATCH, 1, 5):
        x = draw(batch, TIME, WIDTH, seed=batch)
        with torch.no_grad():
            expected, got = tensors(model(x)), tensors(module(x))
        assert len(expected) == len(got)
        assert all(map(torch.equal, expected, got))
    assert module.state_dict().keys() == model.state_dict().keys()


@pytest.mark.parametrize(
    ("name", "dtype", "bound"),
    [pytest.param(*one.values, torch.float32, 1e-6, marks=one.marks) for one in ALL]
    + [(name, torch.float64, 1e-12) for name in FEW],
)
def test_taken_apart_only_the_order_of_sums_changes(name: str, dtype: torch.dtype, bound: float) -> None:
    model, network = made(name, dtype)
    module, x = emulate(network, wide(network)), inputs(dtype)
    with torch.no_grad():
        for expected, got in zip(tensors(model(x)), tensors(module(x)), strict=True):
            assert (expected - got).abs().max() <= bound * (expected.max() - expected.min())


@pytest.mark.parametrize("name", FEW)
def test_the_gradients_are_torchs_own(name: str) -> None:
    model, network = made(name, torch.float64)
    model = copy.deepcopy(model)  # in evaluation: dropout apart, a step of training is the same
    module = EmulatedNetwork(network.expanded, network.expanded.graph)
    for one in (model, module):
        one.zero_grad()
        sum(x.square().sum() for x in tensors(one(inputs(torch.float64)))).backward()  # type: ignore[union-attr]
    theirs = {key: p.grad for key, p in model.named_parameters()}
    for key, parameter in module.named_parameters():
        expected = theirs[key]
        assert expected is not None
        assert parameter.grad is not None, key
        torch.testing.assert_close(parameter.grad, expected, rtol=1e-10, atol=1e-10)
    module.zero_grad()


@pytest.mark.parametrize("name", FEW)
def test_a_step_of_training_in_formats_has_finite_gradients_everywhere(name: str) -> None:
    _, network = made(name)
    eight = {layer.name: LayerDesign(Fixed(12, 7), output=Fixed(12, 7)) for layer in network.layers}
    module = emulate(network, Design(eight)).train()
    sum(x.square().sum() for x in tensors(module(inputs()))).backward()  # type: ignore[union-attr]
    for key, parameter in module.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key


@pytest.mark.parametrize("name", ALL)
def test_every_part_has_ranges_and_a_comparison(name: str) -> None:
    _, network = made(name)
    batches = [(inputs(), torch.zeros(BATCH))]
    ranges = profile(network, batches)
    for layer in network.layers:
        assert ranges[layer.name].output is not None, layer.name
        assert ranges[layer.name].input is not None or not layer.inputs, layer.name
    found = compare(network, Design(), batches)
    assert {one.sqnr_db for one in found} == {torch.inf}
    coarse = Design({layer.name: LayerDesign(output=Fixed(6, 3)) for layer in network.layers})
    found = compare(network, coarse, batches)
    assert all(one.output is not None for one in found)
    assert any(one.sqnr_db < 60 for one in found)


def macs(name: str) -> dict[str, int]:
    return {layer.name: layer.macs for layer in made(name)[1].layers if layer.macs}


@pytest.mark.slow
def test_macs_of_recurrent_networks() -> None:
    """Per time step: gates x hidden x (input + hidden); projected, the hidden state that is read is the narrow one."""
    before = TIME * WIDTH * WIDTH
    assert macs("lstm") == {
        "before": before,
        "rnn.ih_l0": TIME * 4 * HIDDEN * WIDTH,
        "rnn.hh_l0": TIME * 4 * HIDDEN * HIDDEN,
    }
    second = {"ih": TIME * 4 * HIDDEN * 2 * HIDDEN, "hh": TIME * 4 * HIDDEN * HIDDEN}
    first = {"ih": TIME * 4 * HIDDEN * WIDTH, "hh": TIME * 4 * HIDDEN * HIDDEN}
    assert macs("lstm-deep") == {"before": before} | {
        f"rnn.{kind}_l{layer}{way}": count
        for layer, counts in enumerate((first, second))
        for way in ("", "_reverse")
        for kind, count in counts.items()
    }
    projected = {"ih": TIME * 4 * HIDDEN * WIDTH, "hh": TIME * 4 * HIDDEN * 2, "projection": TIME * 2 * HIDDEN}
    assert macs("lstm-projected") == {"before": before} | {
        f"rnn.{kind}_l0{way}": count for way in ("", "_reverse") for kind, count in projected.items()
    }
    assert macs("gru") == {"before": before} | {
        f"rnn.{kind}_l0{way}": TIME * 3 * HIDDEN * size
        for way in ("", "_reverse")
        for kind, size in (("ih", WIDTH), ("hh", HIDDEN))
    }
    assert macs("rnn-cell") == {
        "cell.ih": HIDDEN * WIDTH,
        "cell.hh": HIDDEN * HIDDEN,
        "cell#2.ih": HIDDEN * WIDTH,
        "cell#2.hh": HIDDEN * HIDDEN,
    }


def test_macs_of_attention_and_fused_products() -> None:
    """Both products have heads x queries x keys x width, which is the embedding over all heads."""
    assert macs("attention") == {
        "qkv": TIME * 24 * WIDTH,
        "scaled_dot_product_attention.scores": 2 * TIME * TIME * 4,
        "scaled_dot_product_attention.values": 2 * TIME * TIME * 4,
    }
    assert macs("heads") == {
        "heads.linear": TIME * WIDTH * WIDTH,  # queries; keys and values have the same input but another
        "heads.linear#2": TIME * WIDTH * WIDTH,
        "heads.linear#3": TIME * WIDTH * WIDTH,
        "heads.scaled_dot_product_attention.scores": TIME * TIME * WIDTH,
        "heads.scaled_dot_product_attention.values": TIME * TIME * WIDTH,
        "heads.linear#4": TIME * WIDTH * WIDTH,
    }
    fused = macs("fused")
    assert fused["addmm.product"] == fused["addmm#2.product"] == WIDTH * 5
    assert fused["baddbmm.product"] == TIME * TIME * WIDTH


def test_names_and_weights_of_the_parts() -> None:
    network = made("lstm")[1]
    assert [(one.name, one.operation, one.calls) for one in network.layers] == [
        ("before", "linear", 1),
        ("rnn.ih_l0", "linear", 1),
        ("rnn.hh_l0", "linear", TIME),
        ("rnn.preactivation_l0", "add", TIME),
        ("rnn.input_gate_l0", "sigmoid", TIME),
        ("rnn.forget_gate_l0", "sigmoid", TIME),
        ("rnn.cell_gate_l0", "tanh", TIME),
        ("rnn.output_gate_l0", "sigmoid", TIME),
        ("rnn.forget_l0", "mul", TIME),
        ("rnn.write_l0", "mul", TIME),
        ("rnn.cell_l0", "add", TIME),
        ("rnn.squash_l0", "tanh", TIME),
        ("rnn.hidden_l0", "mul", TIME),
    ]
    assert (network["rnn.hh_l0"].weight, network["rnn.hh_l0"].bias) == ("rnn.weight_hh_l0", "rnn.bias_hh_l0")
    assert network["rnn.hh_l0"].parameters == 4 * HIDDEN * (HIDDEN + 1)
    assert network["rnn.write_l0"].inputs == ("rnn.input_gate_l0", "rnn.cell_gate_l0")
    assert network.parameters == sum(layer.parameters for layer in network.layers)
    assert len(network["rnn.hh_l0"].outputs) == TIME
    names = [layer.name.rpartition(".")[2] for layer in made("attention-causal")[1].layers]
    assert names[-4:] == ["scores", "scale", "softmax", "values"]
    assert [layer.name for layer in made("gru-cell")[1].layers if layer.name.startswith("cell.")] == [
        f"cell.{part}"
        for part in (
            "ih", "hh", "preactivation", "reset_gate", "update_gate", "reset", "candidate_preactivation", "candidate",
            "difference", "update", "hidden",
        )
    ]  # fmt: skip


def test_only_what_the_design_names_is_taken_apart() -> None:
    _, network = made("heads")
    half = LayerDesign(output=Fixed(8, 7))

    def calls(design: Design) -> set[str]:
        return {str(node.target) for node in emulate(network, design).graph.nodes}

    whole = "aten.scaled_dot_product_attention.default"
    assert whole in calls(Design({"heads.linear": half}))
    assert whole not in calls(Design({"heads.scaled_dot_product_attention.softmax": half}))
    assert whole in {str(node.target) for node in network.graph.graph.nodes}
    assert network.expanded is network.expanded
    shared = {id(p) for p in network.graph.parameters()}
    assert {id(p) for p in network.expanded.parameters()} == shared


def test_nothing_is_copied_without_such_calls() -> None:
    network = trace(nn.Linear(2, 3), draw(2, 2))
    assert network.expanded is network.graph


def test_all_calls_of_a_part_share_one_module() -> None:
    _, network = made("lstm")
    coarse = LayerDesign(Fixed(8, 6), Fixed(4, 3), output=Fixed(8, 6))
    module = emulate(network, Design({"rnn.hh_l0": coarse, "rnn.squash_l0": LayerDesign(output=Fixed(8, 7))}))
    assert len(module.get_submodule("emulated")._modules) == 2
    prepared = module.get_submodule("emulated.0")
    seen: list[Tensor] = []
    prepared.register_forward_hook(lambda *call: seen.append(call[2]))
    with torch.no_grad():
        module(inputs())
    assert len(seen) == TIME


def test_a_product_in_formats_is_that_of_a_layer_of_its_own() -> None:
    """The input's part of an LSTM is a linear layer with the module's own weight."""
    model, network = made("lstm")
    chosen = LayerDesign(Fixed(8, 5), Fixed(8, 7), output=Fixed(10, 7))
    module = emulate(network, Design({"rnn.ih_l0": chosen}))
    alone = nn.Linear(WIDTH, 4 * HIDDEN)
    alone.load_state_dict(
        {"weight": model.rnn.weight_ih_l0.detach(), "bias": model.rnn.bias_ih_l0.detach()}  # type: ignore[union-attr]
    )
    x = draw(BATCH, TIME, WIDTH, seed=3)
    expected = emulate(trace(alone, x), Design({"linear": chosen}))(x)
    got = module.get_submodule("emulated.0")(x, alone.weight, alone.bias)
    assert torch.equal(got, expected)


def test_a_sequence_of_free_length_stays_whole() -> None:
    """Time first, the first dimension is the sequence: it is free, as batches are."""
    model = nn.LSTM(WIDTH, HIDDEN).eval()
    x = draw(TIME, BATCH, WIDTH)
    network = trace(model, x)
    assert [layer.name for layer in network.layers] == ["lstm"]
    with torch.no_grad():
        assert all(map(torch.equal, tensors(emulate(network, Design())(x)), tensors(model(x))))
    message = (
        r"^layer 'lstm' \(lstm\) cannot be taken apart: its sequence length \(dimension 0 of its input\) is not fix"
    )
    with pytest.raises(ValueError, match=message):
        emulate(network, Design({"lstm": LayerDesign(output=Fixed(8, 4))}))


def test_packed_sequences_are_refused() -> None:
    class Packed(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.GRU(WIDTH, HIDDEN, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            packed = nn.utils.rnn.pack_padded_sequence(x, torch.tensor([3, 3, 2]), batch_first=True)
            return nn.utils.rnn.pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0]

    with pytest.raises(ValueError, match=r"^cannot trace Packed: [^\n]*packs its sequences[^\n]*$"):
        trace(Packed(), inputs())
