"""Which images are learnt from, chosen on and reported on."""

import pytest
import torch
from torch import Generator

from adequate.data.dataset import CALIBRATION, VALIDATION, Dataset
from adequate.data.split import Split


def numbered(start: int, stop: int, name: str, size: int = 1) -> Split:
    """Image i has the value i; labels count 0..9."""
    index = torch.arange(start, stop)
    return Split(index.float().reshape(-1, 1, 1, 1).expand(-1, 1, size, size), index % 10, None, name)


def values(split: Split) -> list[int]:
    return split.images[:, 0, 0, 0].int().tolist()


def seed(value: int) -> Generator:
    return Generator().manual_seed(value)


def single(count: int = 100) -> Dataset:
    return Dataset("single", 10, None, None, numbered(0, count, "test"))


def test_a_large_set_holds_out_its_last_images() -> None:
    count = 10 * VALIDATION
    dataset = Dataset.holding_out("large", 10, numbered(0, count, "train"), numbered(0, 10, "test"), seed(0))
    train, validation = dataset.selection()
    assert values(train) == list(range(count - VALIDATION))
    assert values(validation) == list(range(count - VALIDATION, count))
    assert (train.name, validation.name, dataset.test.name) == ("train", "validation", "test")


@pytest.mark.parametrize("count", [10, 1437, 10 * VALIDATION - 1])
def test_a_smaller_set_holds_out_a_seeded_tenth(count: int) -> None:
    def hold(value: int) -> tuple[Split, Split]:
        data = Dataset.holding_out("small", 10, numbered(0, count, "train"), numbered(0, 10, "test"), seed(value))
        return data.selection()

    train, validation = hold(0)
    assert len(validation) == round(count / 10)
    assert sorted(values(train) + values(validation)) == list(range(count))
    assert values(validation) == values(hold(0)[1])
    assert len({tuple(values(hold(value)[1])) for value in range(20)}) > 1


def test_calibration_images_are_training_images() -> None:
    dataset = Dataset.holding_out("set", 10, numbered(0, 3000, "train"), numbered(5000, 5010, "test"), seed(0))
    train, _ = dataset.selection()
    calibration = dataset.calibration(seed(1))
    assert len(calibration) == CALIBRATION
    assert set(values(calibration)) <= set(values(train))
    assert values(calibration) == values(dataset.calibration(seed(1)))
    assert values(calibration) != values(dataset.calibration(seed(2)))


def test_calibration_on_few_images_takes_all() -> None:
    assert values(single(7).calibration(seed(0))) == list(range(7))


def test_one_split_refuses_selection_until_it_is_halved() -> None:
    with pytest.raises(ValueError, match="one split") as caught:
        single().selection()
    assert "split seed" in str(caught.value)
    halved = single().halved(seed(5))
    train, validation = halved.selection()
    assert (len(train), len(validation), len(halved.test)) == (45, 5, 50)
    assert sorted(values(train) + values(validation) + values(halved.test)) == list(range(100))
    assert values(halved.test) == values(single().halved(seed(5)).test)
    assert (train.name, validation.name, halved.test.name) == ("train", "validation", "test")


def test_a_set_with_training_images_is_not_halved() -> None:
    with pytest.raises(ValueError, match="already has train"):
        single().halved(seed(0)).halved(seed(0))


@pytest.mark.parametrize("count", [1, 2, 3])
def test_too_few_images_to_halve(count: int) -> None:
    with pytest.raises(ValueError, match="at least 4"):
        single(count).halved(seed(0))


def test_four_images_can_be_halved() -> None:
    halved = single(4).halved(seed(0))
    assert [len(split) for split in (*halved.selection(), halved.test)] == [1, 1, 2]


def test_the_transform_reaches_every_split() -> None:
    dataset = single().halved(seed(0)).with_transform(torch.sqrt)
    assert all(split.transform is torch.sqrt for split in (*dataset.selection(), dataset.test))
    assert single().with_transform(torch.sqrt).train is None


def test_a_label_beyond_the_classes_is_refused() -> None:
    with pytest.raises(ValueError, match=r"label 9 at 9 of 'set' 'test' is outside 0\.\.8"):
        Dataset("set", 9, None, None, numbered(0, 10, "test"))


def test_splits_of_different_image_shapes_are_refused() -> None:
    train, validation = numbered(0, 10, "train", size=2), numbered(0, 10, "validation")
    with pytest.raises(ValueError, match=r"differ in shape: 'train' \(1, 2, 2\), 'test' \(1, 1, 1\)"):
        Dataset("set", 10, train, validation, numbered(0, 10, "test"))


def test_train_without_validation_is_refused() -> None:
    with pytest.raises(ValueError, match="both train and validation"):
        Dataset("set", 10, numbered(0, 10, "train"), None, numbered(0, 10, "test"))
