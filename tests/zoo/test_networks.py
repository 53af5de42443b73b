"""The zoo's networks: sizes, names, shapes, and that each can be exported with a free batch."""

import pytest
import torch
from torch import nn
from torch.export import Dim, export

from adequate.zoo import ZOO, Entry, entry
from adequate.zoo.resnet_cifar import PaddedShortcut

PARAMETERS = {
    "lenet": 20 * 25 + 20 + 50 * 20 * 25 + 50 + 800 * 500 + 500 + 500 * 10 + 10,
    "lenet-300-100": 784 * 300 + 300 + 300 * 100 + 100 + 100 * 10 + 10,
    "cifar10-full": 32 * 75 + 32 + 32 * 800 + 32 + 64 * 800 + 64 + 1024 * 10 + 10,
    "resnet20": 269_722,
    "resnet32": 464_154,
    "resnet56": 853_018,
    "squeezenet": 1_248_424,
    "caffenet": 60_965_224,
    "googlenet": 6_998_552,
    "mobilenet-v1": 4_231_976,
    "resnet50": 25_557_032,
    "vgg16": 138_357_544,
    "digits-cnn": 16 * 9 + 16 + 32 * 144 + 32 + 128 * 64 + 64 + 64 * 10 + 10,
}
"""Counted from the layers here and in ``test_large.py``; the ResNets' are the published ones."""

SMALL = [member for member in ZOO if member.classes == 10]


def test_the_zoo_is_what_is_counted_here() -> None:
    assert [member.name for member in ZOO] == list(PARAMETERS)
    assert PARAMETERS["lenet"] == 431_080


@pytest.mark.parametrize("member", SMALL, ids=lambda member: member.name)
def test_parameters_and_shapes(member: Entry) -> None:
    model = member.build().eval()
    assert sum(p.numel() for p in model.parameters()) == PARAMETERS[member.name]
    batch = torch.zeros(3, *member.example_shape[1:])
    assert model(batch).shape == (3, member.classes)
    assert entry(member.name) is member


@pytest.mark.parametrize("member", [m for m in SMALL if m.name != "resnet56"], ids=lambda member: member.name)
def test_exported_with_a_free_batch_it_computes_the_same(member: Entry) -> None:
    model = member.build().eval()
    shape = member.example_shape[1:]
    exported = export(model, (torch.zeros(2, *shape),), dynamic_shapes=({0: Dim("batch")},)).module()
    x = torch.randn(5, *shape, generator=torch.Generator().manual_seed(0))
    assert torch.equal(exported(x), model(x))


def test_layers_bear_caffes_names() -> None:
    lenet = [name for name, _ in entry("lenet").build().named_children()]
    assert lenet == ["conv1", "pool1", "conv2", "pool2", "ip1", "relu1", "ip2"]
    cifar = [name for name, _ in entry("cifar10-full").build().named_children()]
    blocks = ["conv1", "pool1", "relu1", "norm1", "conv2", "relu2", "pool2", "norm2", "conv3", "relu3", "pool3", "ip1"]
    assert cifar == blocks


@pytest.mark.parametrize("kind", ["pool1", "pool2"])
def test_caffes_pooling_divides_by_the_window_inside_the_image(kind: str) -> None:
    """Caffe, pooling_layer.cpp: sizes round up; windows are clipped to the image where nothing is padded."""
    pool = getattr(entry("cifar10-full").build(), kind)
    x = torch.randn(1, 1, 32, 32, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    y = pool(x)
    reduce = torch.amax if isinstance(pool, nn.MaxPool2d) else torch.mean
    assert y.shape == (1, 1, 16, 16)
    for i in range(16):
        for j in range(16):
            window = x[0, 0, 2 * i : 2 * i + 3, 2 * j : 2 * j + 3]
            assert y[0, 0, i, j].item() == pytest.approx(reduce(window, dim=(0, 1)).item(), rel=1e-12)


def test_the_shortcut_takes_every_second_pixel_between_new_channels_of_zeros() -> None:
    x = torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    y = PaddedShortcut(16, 32)(x)
    assert y.shape == (2, 32, 2, 2)
    assert torch.equal(y[:, 8:24], x[:, :, ::2, ::2])
    assert not y[:, :8].any()
    assert not y[:, 24:].any()


def test_an_unknown_network_lists_the_known() -> None:
    with pytest.raises(ValueError, match="no such network 'resnet18'; the zoo has 'lenet', 'lenet-300-100', "):
        entry("resnet18")


def test_entries_are_values() -> None:
    assert len({*ZOO, *ZOO}) == len(ZOO)
