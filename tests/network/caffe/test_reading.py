"""From Caffe's files to a network: names, phases, blobs overwritten in place, outputs, and what is refused."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from adequate.network import Network, trace
from adequate.network.caffe import CaffeModel, read_prototxt
from adequate.zoo import entry
from tests.network.caffe.encoding import write_weights

INPUT = 'input: "data" input_shape { dim: 1 dim: 2 dim: 3 dim: 3 }\n'


def layer(name: str, kind: str, bottoms: str, tops: str, rest: str = "") -> str:
    read = " ".join(f'bottom: "{one}"' for one in bottoms.split())
    written = " ".join(f'top: "{one}"' for one in tops.split())
    return f'layer {{ name: "{name}" type: "{kind}" {read} {written} {rest} }}\n'


def conv(name: str, bottom: str, top: str, rest: str = "") -> str:
    return layer(name, "Convolution", bottom, top, f"convolution_param {{ num_output: 2 kernel_size: 1 }} {rest}")


def read(folder: Path, text: str, weights: Path | None = None, shape: tuple[int, ...] | None = None) -> CaffeModel:
    path = folder / "net.prototxt"
    path.write_text(text)
    return read_prototxt(path, weights, shape=shape)


def traced(folder: Path, text: str) -> Network:
    model = read(folder, text)
    return trace(model.module, model.example)


def names(network: Network) -> list[str]:
    return [layer.name for layer in network.layers]


@pytest.mark.parametrize(
    ("file", "weights", "name"),
    [
        ("lenet.prototxt", "lenet_iter_10000.caffemodel", "lenet"),
        ("cifar10_full.prototxt", "cifar10_full_iter_70000.caffemodel", "cifar10-full"),
    ],
)
def test_the_published_files_are_the_zoos_networks(data_root: Path, file: str, weights: str, name: str) -> None:
    """Bit for bit, softmax included; same layers, same names."""
    folder, member = data_root / "models/caffe_small", entry(name)
    ours = member.build().eval()
    member.load(ours, folder / weights)
    model = read_prototxt(folder / file, folder / weights)
    x = 255 * torch.rand(8, *member.example_shape[1:], generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(model.module(x), ours(x).softmax(1))
    read_layers = trace(model.module, model.example).layers
    own_layers = trace(ours, torch.zeros(member.example_shape)).layers
    assert [(one.name, one.operation, one.macs) for one in read_layers if one.operation != "softmax"] == [
        (one.name, one.operation, one.macs) for one in own_layers
    ]
    assert [tuple(one.shape) for one in model.example] == [member.example_shape]


def test_squeezenet_from_its_text(data_root: Path) -> None:
    """The same products as the zoo's, under Caffe's names."""
    path = data_root / "models/squeezenet_deep_compression/SqueezeNet_deploy.prototxt"
    model = read_prototxt(path)
    network, own = trace(model.module, model.example), entry("squeezenet").build()
    ours = trace(own, torch.zeros(entry("squeezenet").example_shape))
    assert [one.macs for one in network.multiplying] == [one.macs for one in ours.multiplying]
    assert network.parameters == 1_248_424
    assert names(network)[:4] == ["conv1", "relu_conv1", "pool1", "fire2/conv1x1_1"]
    assert "fire9/concat" in network


def test_a_layer_in_place_leaves_the_blob_to_those_before_it(tmp_path: Path) -> None:
    """``a`` reads conv before the ReLU, ``b`` after it: the order of the file decides, as in Caffe."""
    text = INPUT + conv("conv", "data", "x") + layer("a", "AbsVal", "x", "a") + layer("relu", "ReLU", "x", "x")
    text += layer("b", "AbsVal", "x", "b") + layer("sum", "Eltwise", "a b", "sum")
    model = read(tmp_path, text)
    x = torch.randn(4, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    before = x.clone()
    z = model.module.get_submodule("conv")(x)
    assert torch.equal(model.module(x), z.abs() + z.clamp(min=0))
    assert torch.equal(x, before)


def test_names_of_any_kind_are_layers(tmp_path: Path) -> None:
    text = INPUT + conv("a/b 1-x", "data", "y") + conv("stage.1.conv", "y", "z") + conv("stage.1", "z", "z")
    assert names(traced(tmp_path, text)) == ["a/b 1-x", "stage.1.conv", "stage.1"]


def test_training_layers_are_gone(tmp_path: Path) -> None:
    text = layer("train", "Data", "", "data label", "include { phase: TRAIN } transform_param { crop_size: 5 }")
    text += layer("test", "Data", "", "data label", "include { phase: TEST } transform_param { crop_size: 4 }")
    text += conv("conv", "data", "conv") + layer("drop", "Dropout", "conv", "conv", "exclude { phase: TEST }")
    text += layer("loss", "SoftmaxWithLoss", "conv label", "loss")
    text += layer("accuracy", "Accuracy", "conv label", "accuracy", "include { phase: TEST }")
    text += layer("quiet", "Silence", "label", "")
    model = read(tmp_path, text)
    assert [tuple(x.shape) for x in model.example] == [(1, 3, 4, 4)]
    assert names(trace(model.module, model.example)) == ["conv"]


def test_auxiliary_classifiers_are_gone(tmp_path: Path) -> None:
    text = INPUT + 'input: "label" input_shape { dim: 1 }' + conv("conv", "data", "conv") + conv("aux", "conv", "aux")
    text += conv("main", "conv", "main") + layer("loss1", "SoftmaxWithLoss", "aux label", "l1", "loss_weight: 0.3")
    text += layer("loss2", "SoftmaxWithLoss", "main label", "l2", "loss_weight: 1")
    assert names(traced(tmp_path, text)) == ["conv", "main"]


def test_several_inputs_and_outputs(tmp_path: Path) -> None:
    text = layer("in", "Input", "", "a b", "input_param { shape { dim: 9 dim: 2 dim: 3 dim: 3 } }")
    model = read(tmp_path, text + layer("sum", "Eltwise", "a b", "sum") + layer("abs", "AbsVal", "b", "abs"))
    a, b = torch.ones(2, 2, 3, 3), -torch.ones(2, 2, 3, 3)
    total, absolute = model.module(a, b)
    assert torch.equal(total, a + b)
    assert torch.equal(absolute, a)


def test_a_split_is_a_second_name(tmp_path: Path) -> None:
    text = INPUT + layer("split", "Split", "data", "a b") + layer("relu", "ReLU", "a", "a")
    model = read(tmp_path, text + layer("sum", "Eltwise", "a b", "sum"))
    x = torch.randn(2, 2, 3, 3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(model.module(x), x.clamp(min=0) + x)


OLD = """input: "data" input_dim: 9 input_dim: 2 input_dim: 3 input_dim: 3
layers { name: "conv" type: CONVOLUTION bottom: "data" top: "conv" blobs_lr: 1
         convolution_param { num_output: 4 kernel_size: 3 } }
layers { name: "relu" type: RELU bottom: "conv" top: "conv" }
layers { name: "fc" type: INNER_PRODUCT bottom: "conv" top: "fc" inner_product_param { num_output: 5 } }
layers { name: "loss" type: SOFTMAX_LOSS bottom: "fc" bottom: "label" top: "loss" include { phase: TRAIN } }
layers { name: "prob" type: SOFTMAX bottom: "fc" top: "prob" }"""


def test_networks_from_before_2015(tmp_path: Path) -> None:
    network = traced(tmp_path, OLD)
    assert names(network) == ["conv", "relu", "flatten", "fc", "prob"]
    assert network.parameters == 4 * 2 * 9 + 4 + 5 * 4 + 5


def test_an_output_of_one_pixel_is_a_row_of_classes(tmp_path: Path) -> None:
    pool = layer("pool", "Pooling", "data", "pool", "pooling_param { pool: AVE global_pooling: true }")
    assert read(tmp_path, INPUT + pool).module(torch.ones(5, 2, 3, 3)).shape == (5, 2)


SIAMESE = (
    INPUT
    + conv("left", "data", "left", 'param { name: "w" lr_mult: 1 } param { name: "b" }')
    + layer("relu", "ReLU", "left", "left")
    + conv("right", "left", "right", 'param { name: "w" } param { name: "b" }')
)


def test_layers_share_the_parameters_they_call_alike(tmp_path: Path) -> None:
    w, b = torch.randn(2, 2, 1, 1, generator=torch.Generator().manual_seed(0)), torch.zeros(2)
    weights = write_weights(tmp_path / "w.caffemodel", {"left": [w, b], "right": [w, b]})
    for model in (read(tmp_path, SIAMESE), read(tmp_path, SIAMESE, weights)):
        left, right = (model.module.get_submodule(name) for name in ("left", "right"))
        assert left.weight is right.weight
        assert left.bias is right.bias
        assert sum(p.numel() for p in model.module.parameters()) == 6
    with pytest.raises(ValueError, match=r"layer 'right' shares 'w', but its weight has shape \(3, 2, 1, 1\), not"):
        read(tmp_path, SIAMESE.replace("num_output: 2", "num_output: 3").replace("num_output: 3", "num_output: 2", 1))


SHAPES = {
    layer("d", "Data", "", "data label", "transform_param { crop_size: 6 }"): (3, 6, 6),
    layer("d", "Data", "", "data", "transform_param { crop_size: 6 force_gray: true }"): (1, 6, 6),
    layer("d", "ImageData", "", "data label", "image_data_param { new_height: 4 new_width: 5 }"): (3, 4, 5),
    layer("d", "ImageData", "", "data", "image_data_param { new_height: 4 new_width: 5 is_color: false }"): (1, 4, 5),
    layer("d", "MemoryData", "", "data", "memory_data_param { batch_size: 9 channels: 2 height: 3 width: 4 }"): (
        2,
        3,
        4,
    ),
    layer("d", "Input", "", "data", "input_param { shape { dim: 9 dim: 2 dim: 3 dim: 4 } }"): (2, 3, 4),
    layer("d", "DummyData", "", "data", "dummy_data_param { num: 9 channels: 2 height: 3 width: 4 }"): (2, 3, 4),
    'input: "data" input_dim: 9 input_dim: 2 input_dim: 3 input_dim: 4 ': (2, 3, 4),
    'input: "data" input_shape { dim: [9, 2, 3, 4] }': (2, 3, 4),
}


@pytest.mark.parametrize("data", SHAPES)
def test_the_file_says_the_shape_of_an_image(tmp_path: Path, data: str) -> None:
    text = data + layer("relu", "ReLU", "data", "relu")
    assert [tuple(x.shape) for x in read(tmp_path, text).example] == [(1, *SHAPES[data])]
    assert [tuple(x.shape) for x in read(tmp_path, text, shape=(2, 8, 8)).example] == [(1, 2, 8, 8)]


def test_a_shape_the_file_does_not_say_is_asked_for(tmp_path: Path) -> None:
    text = layer("d", "Data", "", "data label") + layer("relu", "ReLU", "data", "relu")
    with pytest.raises(ValueError, match=r"net\.prototxt: input 'data' has no shape in the file: give it"):
        read(tmp_path, text)
    assert [tuple(x.shape) for x in read(tmp_path, text, shape=(1, 4, 4)).example] == [(1, 1, 4, 4)]


def pool(parameters: str) -> str:
    return INPUT + layer("pool", "Pooling", "data", "pool", f"pooling_param {{ {parameters} }}")


REFUSED = {
    "layers that are not understood: MVN \\('b'\\); Python \\('a', 'c'\\)": INPUT
    + layer("a", "Python", "data", "a")
    + layer("b", "MVN", "a", "b")
    + layer("c", "Python", "b", "c"),
    "line 2: 'num_output' must be an integer from 1 to 2147483647, not 0": INPUT
    + layer("c", "Convolution", "data", "c", "convolution_param { num_output: 0 kernel_size: 1 }"),
    "layer 'c' reads 'x', which nothing before it writes": INPUT + conv("c", "x", "c"),
    "2 layers are called 'c'": INPUT + conv("c", "data", "c") + conv("c", "c", "d"),
    "line 2: a layer without a name": INPUT + 'layer { type: "ReLU" }',
    "line 2: layer 'c' has no type": INPUT + 'layer { name: "c" }',
    "line 2: no such layer type FANCY": INPUT + 'layers { name: "c" type: FANCY }',
    "the net has both 'layer' and 'layers'": INPUT + 'layer { name: "c" } layers { name: "d" }',
    "format of 2013": INPUT + 'layers { layer { name: "c" type: "relu" } }',
    "layer 'c' has both 'include' and 'exclude'": INPUT
    + layer("c", "ReLU", "data", "c", "include { phase: TRAIN } exclude { phase: TEST }"),
    "the net has no layer that computes an output": INPUT,
    "a layer cannot be called 'forward'": INPUT + conv("forward", "data", "c"),
    "layer 'fc' \\(InnerProduct\\): 'num_output' is missing": INPUT + layer("fc", "InnerProduct", "data", "fc"),
    "layer 'c' \\(Convolution\\): 'kernel_size' is missing": INPUT
    + layer("c", "Convolution", "data", "c", "convolution_param { num_output: 1 }"),
    "layer 'c' \\(Convolution\\): in_channels must be divisible by groups": INPUT
    + layer("c", "Convolution", "data", "c", "convolution_param { num_output: 3 kernel_size: 1 group: 3 }"),
    "layer 'pool' \\(Pooling\\): 'kernel_size' is missing": pool("pool: MAX"),
    "'pool' is STOCHASTIC; understood are MAX, AVE": pool("pool: STOCHASTIC kernel_size: 2"),
    "a window of 9 does not fit into 3": pool("kernel_size: 9"),
    "Caffe's last one is empty": pool("kernel_size: 1 stride: 3").replace("dim: 3", "dim: 5"),
    "layer 'e' \\(Eltwise\\): operands must be two or more of one shape": INPUT + layer("e", "Eltwise", "data", "e"),
    "layer 'r' \\(ReLU\\): reads 2 values, not one": INPUT + layer("r", "ReLU", "data data", "r"),
    "layer 'r' \\(ReLU\\): 2 tops, not 1": INPUT + layer("r", "ReLU", "data", "r s"),
    "layer 's' \\(Softmax\\): 'axis' is the batch": INPUT
    + layer("s", "Softmax", "data", "s", "softmax_param { axis: 0 }"),
    "18 numbers of an image have no shape \\(5,\\)": INPUT
    + layer("r", "Reshape", "data", "r", "reshape_param { shape { dim: 0 dim: 5 } }"),
    "layer 'n' \\(LRN\\): 'local_size' must be odd, not 4": INPUT
    + layer("n", "LRN", "data", "n", "lrn_param { local_size: 4 }"),
    "layer 'fc' brings the net beyond 150,000,000 weights": INPUT
    + layer("fc", "InnerProduct", "data", "fc", "inner_product_param { num_output: 100000000 }"),
    "layer 'c' \\(Convolution\\): an output of shape": INPUT
    + layer("c", "Convolution", "data", "c", "convolution_param { num_output: 1 kernel_size: 1 pad: 100000 }"),
    "input 'data' brings the net beyond 67,108,864 numbers": 'input: "data" input_shape { dim: [1, 3, 1000000, 1000] }'
    + layer("r", "ReLU", "data", "r"),
    "the net has 5001 layers, more than 5000": "layer { }" * 5001,
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, reason: str) -> None:
    with pytest.raises(ValueError, match=reason) as caught:
        read(tmp_path, REFUSED[reason])
    assert str(tmp_path / "net.prototxt") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.prototxt"
    path.write_bytes(b"name: '\xff'")
    with pytest.raises(ValueError, match=r"net\.prototxt: byte 7 is not UTF-8 text"):
        read_prototxt(path)
    path.write_bytes(b"#" * (2**24 + 1))
    with pytest.raises(ValueError, match="more than 16777216 bytes are no network's text"):
        read_prototxt(path)
    with pytest.raises(FileNotFoundError, match="absent"):
        read_prototxt(tmp_path / "absent.prototxt")


def blobs() -> dict[str, list[Tensor]]:
    generator = torch.Generator().manual_seed(0)
    return {name: [torch.randn(2, 2, 1, 1, generator=generator), torch.zeros(2)] for name in ("a", "b", "unused")}


CHANGES: dict[str, Callable[[dict[str, list[Tensor]]], object]] = {
    "does not fit layer 'b' (Convolution): it has no blobs of 'b'": lambda stored: stored.pop("b"),
    "it has 1 blobs, not 2": lambda stored: stored["b"].pop(),
    "its weight has shape (2, 2, 1, 2), not (2, 2, 1, 1)": lambda stored: stored["b"].__setitem__(
        0, torch.ones(2, 2, 1, 2)
    ),
    "its bias holds NaN or infinity": lambda stored: stored["b"].__setitem__(1, torch.full((2,), torch.nan)),
}


@pytest.mark.parametrize("reason", CHANGES)
def test_weights_that_do_not_fit_are_refused(tmp_path: Path, reason: str) -> None:
    text, stored = INPUT + conv("a", "data", "a") + conv("b", "a", "b"), blobs()
    read(tmp_path, text, write_weights(tmp_path / "w.caffemodel", stored))
    CHANGES[reason](stored)
    with pytest.raises(ValueError, match=".") as caught:
        read(tmp_path, text, write_weights(tmp_path / "w.caffemodel", stored))
    assert reason in str(caught.value)
    assert str(tmp_path / "w.caffemodel") in str(caught.value)


def test_weights_are_the_files(tmp_path: Path) -> None:
    text, stored = INPUT + conv("a", "data", "a") + conv("b", "a", "b"), blobs()
    module = read(tmp_path, text, write_weights(tmp_path / "w.caffemodel", stored)).module
    assert sorted(module.state_dict()) == ["a.bias", "a.weight", "b.bias", "b.weight"]
    assert torch.equal(module.state_dict()["b.weight"], stored["b"][0])
    assert all(isinstance(p, nn.Parameter) and p.requires_grad and not p.is_meta for p in module.parameters())


def test_changed_nets_raise_nothing_but_value_errors_of_one_line(tmp_path: Path) -> None:
    whole = OLD.replace("layers", "layer").replace("CONVOLUTION", '"Convolution"').replace("RELU", '"ReLU"')
    whole = whole.replace("INNER_PRODUCT", '"InnerProduct"').replace("SOFTMAX_LOSS", '"Accuracy"')
    whole = whole.replace("SOFTMAX", '"Softmax"')
    read(tmp_path, whole)
    chance, reasons = random.Random(0), list[str]()
    words = [*map(str, whole.split())]
    for _ in range(400):
        changed = list(words)
        for _ in range(chance.choice([1, 2, 5])):
            other = chance.choice([chance.choice(words), "-1", "0", "99999999", "1e9", '"data"', "}", "{"])
            changed[chance.randrange(len(changed))] = other
        try:
            read(tmp_path, " ".join(changed))
        except ValueError as error:
            reasons.append(str(error))
    assert len(reasons) > 200
    assert all("net.prototxt" in reason and "\n" not in reason for reason in reasons)
