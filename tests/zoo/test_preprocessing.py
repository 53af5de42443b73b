"""What a model does to an image before its first layer."""

import struct
from pathlib import Path

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


@pytest.mark.parametrize(
    ("size", "crop", "first"), [((4, 4), 2, (1, 1)), ((5, 7), 2, (1, 2)), ((256, 256), 227, (14, 14))]
)
def test_the_middle_is_cropped_the_odd_pixel_more_below(
    size: tuple[int, int], crop: int, first: tuple[int, int]
) -> None:
    """Caffe, ``data_transformer.cpp``: the offset is (size - crop) / 2 in integers."""
    images = torch.arange(3 * size[0] * size[1], dtype=torch.float32).reshape(1, 3, *size)
    preprocessing = Preprocessing(crop=crop)
    y = preprocessing(images)
    assert preprocessing.cropped((3, *size)) == tuple(y.shape[1:]) == (3, crop, crop)
    assert y[0, 0, 0, 0].item() == first[0] * size[1] + first[1]


def test_what_is_too_small_to_crop_is_refused() -> None:
    assert Preprocessing(crop=5).cropped((3, 4, 6)) == (3, 4, 6)
    with pytest.raises(ValueError, match="images of 6 x 4 pixels are smaller than the crop of 5"):
        Preprocessing(crop=5)(torch.zeros(1, 3, 4, 6))


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
        ({"crop": 0}, "crop must have pixels, not 0"),
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


@pytest.mark.parametrize("value", [0.5, float("nan")])
def test_a_mean_image_is_read_from_caffes_file(tmp_path: Path, value: float) -> None:
    """A ``BlobProto``: num, channels, height, width in fields 1 to 4, packed floats in field 5."""
    path = tmp_path / "mean.binaryproto"
    path.write_bytes(bytes([8, 1, 16, 3, 24, 2, 32, 1, 42, 24]) + struct.pack("<6f", 1, 2, 3, 4, 5, value))
    if value == 0.5:
        assert SubtractMeanImage.read(path) == SubtractMeanImage((1.0, 2.0, 3.0, 4.0, 5.0, 0.5), (3, 2, 1))
    else:
        with pytest.raises(ValueError, match=r"mean\.binaryproto holds NaN or infinity"):
            SubtractMeanImage.read(path)


@pytest.mark.parametrize("preprocessing", [Preprocessing(scale=1 / 256), SubtractMeanImage.of])
def test_an_entry_prepares_every_split(preprocessing: object) -> None:
    data = Entry("x", LeNet, (1, 3, 2, 4), preprocessing, "set").prepare(dataset())  # pyright: ignore
    expected = Preprocessing(scale=1 / 256) if isinstance(preprocessing, Preprocessing) else SubtractMeanImage.of(data)
    assert all(split.transform == expected for split in (*data.selection(), data.test))
