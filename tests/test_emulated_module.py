"""The module ``emulate`` makes: a copy that behaves as the user's own, but for the arithmetic."""

import copy
import gc
import warnings
from math import inf, nan
from weakref import ref

import pytest
import torch
from torch import Tensor, nn
from torch.export import Dim, export
from torch.nn import functional

from adequate.design import Design, LayerDesign
from adequate.emulation import EmulatedNetwork, emulate
from adequate.formats import BFLOAT16, Fixed, Minifloat, Scaled, SharedExponent
from adequate.network import trace
from adequate.operators import Accumulator
from adequate.zoo import ZOO, Entry, entry

EIGHT = LayerDesign(Fixed(8, 5), Fixed(8, 7), output=Fixed(8, 4))


class Mixed(nn.Module):
    """Everything that differs between training and evaluation, and a name used twice."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 4, 3)
        self.bn = nn.BatchNorm2d(4)
        self.relu = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.4)
        self.channels = nn.Dropout2d(0.3)
        self.own = nn.BatchNorm2d(4, track_running_stats=False)
        self.instance = nn.InstanceNorm2d(4)
        self.slope = nn.RReLU()
        self.fc = nn.Linear(64, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn(self.conv(x)))
        x = self.relu(self.instance(self.own(self.channels(self.dropout(x)))))
        return self.fc(functional.dropout(self.slope(x), 0.2, self.training).flatten(1))


def images(n: int = 3, seed: int = 0) -> Tensor:
    return torch.randn(n, 2, 6, 6, generator=torch.Generator().manual_seed(seed))


def seeded(model: type[nn.Module]) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return model()


@pytest.fixture(scope="module")
def lenet() -> nn.Module:
    return seeded(entry("lenet").build)


def grey(n: int, seed: int = 0) -> Tensor:
    return torch.rand(n, 1, 28, 28, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize(
    "member", [m for m in ZOO if m.classes == 10 and m.name not in ("resnet32", "resnet56")], ids=lambda m: m.name
)
def test_an_empty_design_gives_the_network_itself(member: Entry) -> None:
    model = seeded(member.build)
    shape = member.example_shape[1:]
    network = trace(model, torch.zeros(2, *shape))
    x = torch.randn(3, *shape, generator=torch.Generator().manual_seed(1))
    module = emulate(network, Design())
    with torch.no_grad():
        assert torch.equal(module(x), model.eval()(x))
    assert dict(module.named_parameters()).keys() == dict(model.named_parameters()).keys()


def test_training_with_an_empty_design_is_the_models_own_training() -> None:
    model = seeded(Mixed)
    module = emulate(trace(model, images()), Design())
    for training in (True, False, True):
        model.train(training)
        module.train(training)
        for one in (model, module):
            torch.manual_seed(7)
            one.output = one(images(5, seed=3))
            one.output.square().sum().backward()
        assert torch.equal(module.output, model.output)
    for (name, theirs), (_, ours) in zip(model.named_parameters(), module.named_parameters(), strict=True):
        assert torch.equal(theirs.grad, ours.grad), name
    assert torch.equal(module.bn.running_mean, model.bn.running_mean)
    assert torch.equal(module.bn.running_var, model.bn.running_var)
    assert model.bn.running_mean.any()


def test_a_dropout_written_to_stay_stays() -> None:
    class Stays(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return functional.dropout(x, 0.5, training=True)

    module = emulate(trace(Stays(), images()), Design())
    torch.manual_seed(1)
    expected = Stays().eval()(images())
    torch.manual_seed(1)
    assert torch.equal(module(images()), expected)
    assert not expected.all()


class Sequences(nn.Module):
    """Dropout inside an attention and between recurrent layers: no dropout layer shows either."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, dropout=0.4, batch_first=True)
        self.rnn = nn.GRU(6, 6, num_layers=2, dropout=0.4, batch_first=True)
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.rnn(self.attention(x, x, x, need_weights=False)[0])[0])


@pytest.mark.parametrize("door", ["module", "exported in evaluation", "exported in training"])
def test_dropout_inside_a_call_is_on_in_training_only(door: str) -> None:
    model = seeded(Sequences).eval()
    x = torch.randn(3, 3, 6, generator=torch.Generator().manual_seed(0))
    if door == "module":
        network = trace(model, x)
    else:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message=r"(?s).*_flat_weights", category=UserWarning)
            copied = copy.deepcopy(model).train(door.endswith("training"))
            network = trace(export(copied, (x,), dynamic_shapes=({0: Dim("batch")},)), x)
    if door == "exported in evaluation":  # where an attention's dropout is zero and cannot be known
        model.attention.dropout = 0.0
    module = emulate(network, Design())
    for training in (False, True, False):
        model.train(training)
        module.train(training)
        outputs = []
        for one in (model, module):
            torch.manual_seed(7)
            outputs.append(one(x))
        assert torch.equal(*outputs)
    apart = emulate(network, Design(dict.fromkeys(network.select("*softmax"), LayerDesign(output=Fixed(8, 7)))))
    assert ("dropout" in apart.code) == (door != "exported in evaluation")
    assert torch.equal(apart(x), apart(x))
    apart.train()
    assert not torch.equal(apart(x), apart(x))


def test_a_norm_that_averages_over_all_batches_is_not_trained() -> None:
    network = trace(nn.Sequential(nn.BatchNorm1d(3, momentum=None)), torch.zeros(2, 3))
    module = emulate(network, Design())
    with pytest.raises(ValueError, match="^'batch_norm': a batch normalisation with momentum=None cannot be trained"):
        module.train()


def test_formats_apply_to_every_tensor_of_a_result() -> None:
    class Halves(nn.Module):
        def forward(self, x: Tensor) -> tuple[Tensor, ...]:
            return (*x.chunk(2, 1), *x.topk(2, 1), x > 0)

    x = torch.tensor([[0.3, 0.6, -0.7, 0.1]])
    network = trace(Halves(), x)
    half = LayerDesign(output=Fixed(4, 1))
    a, b, values, places, _ = emulate(network, Design({"chunk": half, "topk": half}))(x)
    assert (a.tolist(), b.tolist(), values.tolist()) == ([[0.5, 0.5]], [[-0.5, 0.0]], [[0.5, 0.5]])
    assert places.tolist() == [[1, 0]]
    with pytest.raises(ValueError, match=r"^layer 'gt' \(gt\) has no real numbers for an output format$"):
        emulate(network, Design({"gt": half}))


def test_the_model_is_never_touched() -> None:
    model = seeded(Mixed).train()
    model.bn.eval()
    before = copy.deepcopy(model.state_dict())
    modes = [one.training for one in model.modules()]
    network = trace(model, images())
    state = network.state()
    module = emulate(network, Design({"conv": EIGHT})).train()
    optimizer = torch.optim.SGD(module.parameters(), lr=1.0)
    module(images()).sum().backward()
    optimizer.step()
    assert not torch.equal(module.conv.weight, model.conv.weight)
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, before[name]), name
    assert all(torch.equal(tensor, state[name]) for name, tensor in network.state().items())
    assert [one.training for one in model.modules()] == modes
    assert all(p.grad is None for p in model.parameters())
    owners = [
        {t.untyped_storage().data_ptr() for t in one.state_dict().values()} for one in (model, network.graph, module)
    ]
    assert owners[0].isdisjoint(owners[1])
    assert owners[0].isdisjoint(owners[2])
    assert owners[1].isdisjoint(owners[2])


def test_names_of_parameters_are_the_users(lenet: nn.Module) -> None:
    network = trace(lenet, grey(2))
    module = emulate(network, Design(dict.fromkeys(network.select("*ip*"), EIGHT)))
    assert module.state_dict().keys() == lenet.state_dict().keys()
    module.load_state_dict(lenet.state_dict())


@pytest.mark.parametrize(
    "design",
    [
        LayerDesign(Fixed(8, 7), Fixed(8, 7), output=Fixed(8, 4)),
        LayerDesign(Minifloat(5, 10), Minifloat(4, 3), output=BFLOAT16),
        LayerDesign(
            Scaled(Fixed(8, 0, signed=False), 0.00390625),
            Scaled(Fixed(8, 0), 0.0099945068359375),
            output=Fixed(8, 4),
        ),
        LayerDesign(Scaled(Minifloat(4, 3), SharedExponent(4), axis=-1), Fixed(8, 7)),
    ],
    ids=lambda design: str(design.input),
)
def test_the_bits_do_not_depend_on_threads_or_batches(lenet: nn.Module, design: LayerDesign) -> None:
    network = trace(lenet, grey(2))
    products = [layer.name for layer in network.multiplying]
    module, x = emulate(network, Design(dict.fromkeys(products, design))), grey(8)
    threads = torch.get_num_threads()
    results = []
    try:
        for count in (1, 2):
            torch.set_num_threads(count)
            with torch.no_grad():
                results += [module(x), torch.cat([module(part) for part in x.split(3)])]
    finally:
        torch.set_num_threads(threads)
    assert all(torch.equal(one, results[0]) for one in results)


def test_errors_name_layer_slot_and_alternatives(lenet: nn.Module) -> None:
    network = trace(lenet, grey(2))
    fixed = Fixed(8, 4)
    for design, message in [
        ({"conv9": EIGHT}, r"^no such layer 'conv9'; the network has 'conv1', 'pool1', 'conv2', .*'ip2'$"),
        ({"relu1": LayerDesign(weight=fixed)}, r"^layer 'relu1' \(relu\) has no weight; its slots are input, output$"),
        (
            {"pool1": LayerDesign(accumulator=Accumulator(fixed))},
            r"^layer 'pool1' \(max_pool2d\) has no accumulator; its",
        ),
    ]:
        with pytest.raises(ValueError, match=message):
            emulate(network, Design(design))


@pytest.mark.parametrize("bad", [nan, inf, -inf])
@pytest.mark.parametrize(
    "design", [EIGHT, LayerDesign(EIGHT.input, EIGHT.weight, accumulator=Accumulator(Fixed(24, 12)))]
)
def test_an_input_that_is_not_finite_is_refused_by_the_layers_name(
    lenet: nn.Module, bad: float, design: LayerDesign
) -> None:
    network = trace(lenet, grey(2))
    x = grey(2)
    x[1, 0, 3, 4] = bad
    with pytest.raises(ValueError, match="^input of layer 'conv1': .* cannot represent (nan|-?inf)"):
        emulate(network, Design({"conv1": design}))(x)
    with pytest.raises(ValueError, match="^output of layer 'pool1': "):
        emulate(network, Design({"pool1": LayerDesign(output=Fixed(8, 4))}))(x)
    weight = network.state()["conv1.weight"]
    weight[3, 0, 1, 1] = bad
    module = emulate(network, Design({"conv1": design}))
    with torch.no_grad():
        module.conv1.weight.copy_(weight)
    with pytest.raises(ValueError, match="^weight of layer 'conv1': "):
        module(grey(2))


def test_operands_too_wide_to_add_exactly_are_refused_by_the_layers_name() -> None:
    x = torch.ones(1, 2, dtype=torch.float64)
    network = trace(nn.Linear(2, 1).double(), x)
    mixed = Scaled(Minifloat(8, 3), 1.0)
    module = emulate(network, Design({"linear": LayerDesign(mixed, mixed)}))
    with pytest.raises(ValueError, match=r"^layer 'linear': the operands span \d+ and \d+ bits over 2 terms"):
        module(x * 2.0**90)


def test_formats_that_the_dtype_cannot_hold_are_refused_in_every_slot(lenet: nn.Module) -> None:
    network = trace(lenet, grey(2))
    wide = Fixed(32, 16)
    for slots in ({"input": wide}, {"weight": wide}, {"output": wide}):
        design = LayerDesign(**{"input": Fixed(8, 4), "weight": Fixed(8, 4), **slots})
        slot = next(iter(slots))
        with pytest.raises(ValueError, match=rf"^{slot} of layer 'conv2': fixed\(32,16\) does not fit torch.float32"):
            emulate(network, Design({"conv2": design}))(grey(2))
    tall = LayerDesign(Minifloat(5, 10), Minifloat(5, 10), output=wide)  # sums in float64, outputs in float32
    with pytest.raises(ValueError, match=r"^output of layer 'conv2': fixed\(32,16\) does not fit torch.float32"):
        emulate(network, Design({"conv2": tall}))(grey(2))
    with pytest.raises(ValueError, match=r"^output of layer 'pool1': fixed\(32,16\) does not fit torch.float32"):
        emulate(network, Design({"pool1": LayerDesign(output=wide)}))(grey(2))


def test_wide_outputs_fit_a_float64_network_whatever_route_the_sums_take() -> None:
    x = torch.tensor([[0.5, 0.25]], dtype=torch.float64)
    network = trace(nn.Linear(2, 1, bias=False).double(), x).with_state({"weight": torch.ones(1, 2)})
    narrow = LayerDesign(Fixed(4, 2), Fixed(4, 1), output=Fixed(40, 36))
    assert emulate(network, Design({"linear": narrow}))(x).item() == 0.75


@pytest.mark.parametrize("register", [Minifloat(9, 52), Fixed(54, 8)])
def test_a_register_that_cannot_be_emulated_is_refused(register: Fixed) -> None:
    """A sum rounded to odd in 53 bits stands for the exact one up to 51 bits only."""
    x = torch.ones(1, 2)
    network = trace(nn.Linear(2, 1), x)
    module = emulate(
        network, Design({"linear": LayerDesign(Fixed(8, 4), Fixed(8, 4), accumulator=Accumulator(register))})
    )
    with pytest.raises(ValueError, match=r"^accumulator of layer 'linear': .* a register is emulated up to 51"):
        module(x)


def test_a_register_counts_without_formats_too() -> None:
    """1 + 2**-8 + 2**-8 in eight bits: each addition is lost, the exact sum is not."""
    x = torch.tensor([[1.0, 2.0**-8, 2.0**-8]])
    network = trace(nn.Linear(3, 1, bias=False), x).with_state({"weight": torch.ones(1, 3)})
    register = Accumulator(Minifloat(8, 7))
    assert emulate(network, Design({"linear": LayerDesign(accumulator=register)}))(x).item() == 1.0
    assert emulate(network, Design())(x).item() == 1 + 2.0**-7


def test_an_empty_batch_gives_an_empty_batch(lenet: nn.Module) -> None:
    network = trace(lenet, grey(2))
    products = [layer.name for layer in network.multiplying]
    for register in (None, Accumulator(Fixed(24, 12))):
        design = Design(dict.fromkeys(products, LayerDesign(Fixed(8, 7), Fixed(8, 7), None, register, Fixed(8, 4))))
        assert emulate(network, design)(grey(0)).shape == (0, 10)


def test_weights_written_behind_torchs_back_count(lenet: nn.Module) -> None:
    """``.data`` changes neither address nor version."""
    network = trace(lenet, grey(2))
    module, x = emulate(network, Design({"conv1": EIGHT})), grey(2)
    with torch.no_grad():
        before = module(x)
        module.conv1.weight.data.mul_(0.5)
        halved = module(x)
        module.conv1.bias.data.add_(1.0)
        shifted = module(x)
    assert not torch.equal(before, halved)
    assert not torch.equal(halved, shifted)
    fresh = emulate(network.with_state(module.state_dict()), Design({"conv1": EIGHT}))
    assert torch.equal(fresh(x), shifted)


def test_weights_of_the_same_address_count() -> None:
    x = torch.ones(1, 64)
    module = emulate(trace(nn.Linear(64, 1, bias=False), x), Design({"linear": LayerDesign(Fixed(8, 0), Fixed(8, 0))}))
    seen = set()
    for value in range(4):
        module.weight.data = torch.full((1, 64), float(value))
        gc.collect()
        seen.add(module(x).item())
    assert seen == {0.0, 64.0, 128.0, 192.0}


def test_a_module_that_is_dropped_frees_its_weights_at_once(lenet: nn.Module) -> None:
    network = trace(lenet, torch.zeros(1, 1, 28, 28))
    gc.disable()
    try:
        emulated = emulate(network, Design({"conv1": EIGHT}))
        with torch.no_grad():
            emulated(torch.zeros(2, 1, 28, 28))
        weight = ref(next(emulated.parameters()))
        del emulated
        assert weight() is None
    finally:
        gc.enable()


@pytest.mark.filterwarnings("ignore:.*LeafSpec.*:FutureWarning")  # torch's own, of its own
def test_copies_are_independent_and_loadable() -> None:
    network = trace(seeded(Mixed), images())
    module = emulate(network, Design({"conv": EIGHT, "fc": LayerDesign(Fixed(8, 4), Fixed(8, 6))}))
    x = images()
    expected = module(x)
    twin = copy.deepcopy(module)
    assert torch.equal(twin(x), expected)
    with torch.no_grad():
        module.conv.weight.zero_()
    assert torch.equal(twin(x), expected)
    module.load_state_dict(twin.state_dict())
    assert torch.equal(module(x), expected)
    assert isinstance(twin.train(), EmulatedNetwork)
    assert twin.training
    torch.manual_seed(0)
    trained = twin(x)
    torch.manual_seed(0)
    assert torch.equal(module.train()(x), trained)
    assert torch.equal(twin.eval()(x), module.eval()(x))


def test_the_gradient_is_straight_through_inside_and_zero_outside() -> None:
    x = torch.tensor([[0.3, 1.75, 1.8, -2.0, -2.1]], requires_grad=True)  # fixed(3,1) reaches from -2 to 1.5
    identity = trace(nn.Linear(5, 5, bias=False), x.detach()).with_state({"weight": torch.eye(5)})
    for name, inside in [("input", [1, 0, 0, 1, 0]), ("output", [1, 0, 0, 1, 0])]:
        module = emulate(identity, Design({"linear": LayerDesign(**{name: Fixed(3, 1)})})).train()
        x.grad = None
        module(x).sum().backward()
        assert x.grad.tolist() == [inside]
    module = emulate(identity, Design({"linear": LayerDesign(weight=Fixed(3, 2))})).train()  # up to 0.75: 1 is outside
    module(torch.ones(1, 5)).sum().backward()
    assert module.weight.grad.tolist() == (1 - torch.eye(5)).tolist()


def test_a_step_of_training_has_finite_gradients_everywhere() -> None:
    network = trace(seeded(Mixed), images())
    designs = dict.fromkeys(("conv", "fc"), EIGHT) | dict.fromkeys(
        ("bn", "relu", "slope"), LayerDesign(input=Fixed(8, 4), output=Fixed(8, 4))
    )
    module = emulate(network, Design(designs)).train()
    module(images()).square().sum().backward()
    gradients = {name: p.grad for name, p in module.named_parameters()}
    assert all(g is not None and torch.isfinite(g).all() for g in gradients.values())
    assert gradients["conv.weight"].any()


def test_stochastic_weights_follow_their_generator() -> None:
    x = torch.ones(1, 400)
    network = trace(nn.Linear(400, 1, bias=False), x).with_state({"weight": torch.full((1, 400), 0.25)})
    module = emulate(network, Design({"linear": LayerDesign(weight=Fixed(8, 0))})).train()
    assert module(x).item() == 0.0

    def drawn(seed: int) -> float:
        module.round_weights_stochastically(torch.Generator().manual_seed(seed))
        return module(x).item()

    assert drawn(0) == drawn(0) != drawn(1)
    assert 60 < drawn(2) < 140  # 100 ones expected of 400, standard deviation 8.7
    assert module.eval()(x).item() == 0.0
    module.round_weights_stochastically(None)
    assert module.train()(x).item() == 0.0
