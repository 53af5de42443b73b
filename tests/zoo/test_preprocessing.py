"""What a model does to an image before its first layer."""

import pytest
import torch

from adequate.data.dataset import Dataset
from adequate.data.split import Split
from adequate.zoo.entry import Entry
from adequate.zoo.lenet import LeNet
from adequate.zoo.preprocessing import Preprocessing, SubtractMeanImage, default_preprocessing

PIXELS = torch.tensor([0, 51, 255], dtype=torch.uint8).reshape(1, 3, 1, 1)


def test_scale_then_mean_then_std() -> None:
    y = Preprocessing(scale=1 / 51, mean=(1.0, 2.0, 3.0), std=(0.5, 1.0, 2.0))(PIXELS)
    assert y.dtype == torch.float32
    assert y.flatten().tolist() == [-2.0, -1.0, 1.0]


def test_one_value_serves_every_channel() -> None:
    assert Preprocessing(mean=(1.0,), std=(2.0,))(PIXELS).flatten().tolist() == [-0.5, 25.0, 127.0]


def test_bgr_turns_the_channels_before_the_mean() -> None:
    assert Preprocessing(mean=(5.0, 1.0, 0.0), channels="bgr")(PIXELS).flatten().tolist() == [250.0, 50.0, 0.0]


def test_values_in_a_hash() -> None:
    assert {Preprocessing(0.5, (1.0,)): 1}[Preprocessing(0.5, mean=(1.0,))] == 1


def test_the_default_scales_pixels_and_leaves_floats() -> None:
    assert default_preprocessing(PIXELS)(PIXELS).max().item() == 1.0
    assert default_preprocessing(PIXELS.float()) == Preprocessing()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"scale": float("nan")}, "scale must be finite"),
        ({"mean": (0.0, float("inf"))}, "mean must be finite"),
        ({"std": (1.0, 0.0)}, "std must not be zero"),
        ({"channels": "hsv"}, "no such channel order 'hsv'; there are 'rgb' and 'bgr'"),
    ],
)
def test_what_is_no_preprocessing_is_refused(arguments: dict, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        Preprocessing(**arguments)


def test_another_number_of_channels_is_refused() -> None:
    with pytest.raises(ValueError, match="2 values of mean, the images 3 channels"):
        Preprocessing(mean=(1.0, 2.0))(PIXELS)


def dataset() -> Dataset:
    images = torch.randint(0, 256, (40, 3, 2, 4), generator=torch.Generator().manual_seed(0), dtype=torch.uint8)
    train, test = (Split(images, torch.zeros(40, dtype=torch.int64), None, name) for name in ("train", "test"))
    return Dataset.holding_out("set", 10, train, test, torch.Generator().manual_seed(0))


def test_the_mean_image_counts_the_held_out_images() -> None:
    data = dataset()
    transform = SubtractMeanImage.of(data)
    assert torch.equal(transform.image, data.test.images.sum(0).float() / 40)
    assert torch.equal(transform(data.test.images), data.test.images.float() - transform.image)
    assert hash(transform) == hash(SubtractMeanImage.of(data))


def test_the_mean_image_needs_training_images() -> None:
    with pytest.raises(ValueError, match="one split"):
        SubtractMeanImage.of(Dataset("set", 10, None, None, dataset().test))


def test_a_mean_image_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 2, 4\), the images \(3, 1, 1\)"):
        SubtractMeanImage.of(dataset())(PIXELS)
    with pytest.raises(ValueError, match="has 8 values, not 1"):
        SubtractMeanImage((0.0,), (2, 2, 2))


@pytest.mark.parametrize("preprocessing", [Preprocessing(scale=1 / 256), SubtractMeanImage.of])
def test_an_entry_prepares_every_split(preprocessing: object) -> None:
    data = Entry("x", LeNet, (1, 3, 2, 4), preprocessing, "set").prepare(dataset())  # pyright: ignore
    expected = Preprocessing(scale=1 / 256) if isinstance(preprocessing, Preprocessing) else SubtractMeanImage.of(data)
    assert all(split.transform == expected for split in (*data.selection(), data.test))
