"""The laws of one split: what is read, in which order, and what is refused."""

import hashlib
from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Generator, Tensor

from adequate.data.split import BATCH, Split


def numbered(count: int) -> Split:
    """Image i has the value and the label i."""
    index = torch.arange(count)
    images = index.to(torch.float32).reshape(-1, 1, 1, 1).expand(-1, 1, 2, 2)
    return Split(images, index, None, "train")


def seed(value: int) -> Generator:
    return Generator().manual_seed(value)


def labels(batches: object) -> list[int]:
    return torch.cat([y for _, y in batches]).tolist()  # pyright: ignore


@given(st.integers(1, 600), st.integers(1, 700))
def test_batches_are_all_images_in_order(count: int, batch_size: int) -> None:
    sizes = [len(y) for _, y in numbered(count).batches(batch_size)]
    assert labels(numbered(count).batches(batch_size)) == list(range(count))
    assert all(size == batch_size for size in sizes[:-1])
    assert 1 <= sizes[-1] <= batch_size


def test_iterating_twice_gives_the_default_batches() -> None:
    split = numbered(BATCH + 1)
    for _ in range(2):
        assert [len(y) for _, y in split] == [BATCH, 1]


@given(st.integers(1, 100), st.integers(1, 30), st.integers(0, 2**32))
def test_shuffled_is_a_permutation_that_the_seed_decides(count: int, batch_size: int, value: int) -> None:
    first = labels(numbered(count).shuffled(seed(value), batch_size))
    assert sorted(first) == list(range(count))
    assert first == labels(numbered(count).shuffled(seed(value), batch_size))


def test_shuffled_draws_at_the_call_and_anew_each_time() -> None:
    generator = seed(0)
    one, two = (numbered(100).shuffled(generator, 7) for _ in range(2))
    assert labels(two) != labels(one)


@given(st.integers(2, 200), st.floats(0, 1, exclude_min=True, exclude_max=True), st.integers(0, 2**32))
def test_split_is_a_partition_in_order(count: int, fraction: float, value: int) -> None:
    try:
        kept, held = numbered(count).split(fraction, seed(value))
    except ValueError:
        assert round(fraction * count) == count
        return
    assert sorted([*kept.labels.tolist(), *held.labels.tolist()]) == list(range(count))
    assert kept.labels.tolist() == sorted(kept.labels.tolist())
    assert held.labels.tolist() == sorted(held.labels.tolist())
    assert abs(len(held) - fraction * count) <= 1
    assert torch.equal(held.images[:, 0, 0, 0], held.labels.float())


def test_any_float_type_has_a_digest() -> None:
    split = numbered(3)
    kinds = (torch.bfloat16, torch.float16, torch.float32, torch.float64)
    assert len({replace(split, images=split.images.to(kind)).digest for kind in kinds}) == len(kinds)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.5, 2.0, 0.99, float("nan")])
def test_a_part_without_images_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match="cannot hold out"):
        numbered(10).split(fraction, seed(0))


def test_first_and_sample() -> None:
    assert numbered(10).first(3).labels.tolist() == [0, 1, 2]
    drawn = numbered(50).sample(20, seed(3))
    assert len(set(drawn.labels.tolist())) == 20
    assert drawn.labels.tolist() == sorted(drawn.labels.tolist())
    assert numbered(50).sample(50, seed(3)).digest == numbered(50).digest
    assert drawn.digest != numbered(50).sample(20, seed(4)).digest


@pytest.mark.parametrize("count", [0, -1, 11])
def test_too_many_images_are_refused(count: int) -> None:
    with pytest.raises(ValueError, match=f"cannot take {count} images of 'train', which has 10"):
        numbered(10).first(count)
    with pytest.raises(ValueError, match=f"cannot take {count} images"):
        numbered(10).sample(count, seed(0))


def test_an_empty_batch_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one image, not 0"):
        numbered(3).batches(0)


def test_the_transform_prepares_each_batch_and_survives_every_cut() -> None:
    def twice(x: Tensor) -> Tensor:
        return x.double() * 2

    split = numbered(10).with_transform(twice)
    kept, held = split.split(0.3, seed(0))
    for part in (split, split.first(4), split.sample(5, seed(0)), kept, held):
        for x, y in part:
            assert x.dtype == torch.float32
            assert torch.equal(x[:, 0, 0, 0], 2 * y.float())
    assert split.with_transform(None).transform is None


def test_uint8_images_are_given_unscaled_without_a_transform() -> None:
    [(x, _)] = Split(torch.full((1, 1, 1, 1), 200, dtype=torch.uint8), torch.tensor([0]), None, "test")
    assert x.dtype == torch.float32
    assert x.item() == 200


def test_digest_is_sha256_of_type_shape_and_bytes() -> None:
    split = Split(torch.arange(4, dtype=torch.uint8).reshape(2, 1, 1, 2), torch.tensor([1, 0]), None, "test")
    expected = b"torch.uint8 (2, 1, 1, 2)\n" + bytes(range(4)) + b"torch.int64 (2,)\n" + bytes([1, *[0] * 15])
    assert split.digest == hashlib.sha256(expected).hexdigest()
    assert split.digest == replace(split, name="other", transform=torch.sqrt).digest
    assert split.digest != replace(split, labels=torch.tensor([0, 1])).digest
    assert split.digest != replace(split, images=split.images.float()).digest
    assert split.digest != replace(split, images=split.images.reshape(2, 1, 2, 1)).digest


def test_digest_does_not_depend_on_the_memory_layout() -> None:
    images = torch.rand(3, 2, 4, 4, generator=seed(0))
    strided = images.to(memory_format=torch.channels_last)
    assert Split(images, torch.arange(3), None, "a").digest == Split(strided, torch.arange(3), None, "a").digest


PIXELS = torch.zeros(3, 1, 2, 2)
REFUSED = {
    "must have shape \\(N, C, H, W\\), not \\(3, 2, 2\\)": (PIXELS[:, 0], torch.arange(3)),
    "must be uint8 or float, not torch.int32": (PIXELS.int(), torch.arange(3)),
    "must be int64 of shape \\(N,\\), not torch.uint8": (PIXELS, torch.arange(3).byte()),
    "not torch.int64 of \\(3, 1\\)": (PIXELS, torch.arange(3)[:, None]),
    "3 images but 2 labels": (PIXELS, torch.arange(2)),
    "is empty: images of shape \\(0, 1, 2, 2\\)": (PIXELS[:0], torch.arange(0)),
    "is empty: images of shape \\(3, 0, 2, 2\\)": (PIXELS[:, :0], torch.arange(3)),
    "a negative label: -1 at 1": (PIXELS, torch.tensor([0, -1, 2])),
    "NaN or infinity": (PIXELS.log(), torch.arange(3)),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_is_no_split_is_refused_in_one_line(reason: str) -> None:
    images, classes = REFUSED[reason]
    with pytest.raises(ValueError, match=reason) as caught:
        Split(images, classes, None, "train")
    assert "'train'" in str(caught.value)
    assert "\n" not in str(caught.value)
