"""Ranges are values: they merge, compare, travel to other processes and to files."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch

from adequate.histogram import HIGHEST_EXPONENT, LOWEST_EXPONENT
from adequate.ranges import LayerRanges, Range, Ranges


def numbers(seed: int, scale: float = 1.0) -> torch.Tensor:
    return torch.randn(200, generator=torch.Generator().manual_seed(seed)).round(decimals=1) * scale


def some(images: int = 3) -> Ranges:
    seen = Range.of(numbers(0))
    return Ranges(
        {
            "conv": LayerRanges(
                "conv2d", True, seen, seen, None, Range.of(numbers(1)), ((-1.0, 2.0), (0.0, 0.5)), 0, 1
            ),
            "relu": LayerRanges("relu", False, seen),
        },
        images,
    )


def test_ranges_merge_as_tensors_do() -> None:
    a, b = numbers(0), numbers(1, 30.0)
    assert Range.of(a).merged(Range.of(b)) == Range.of(torch.cat([a, b])) == Range.of(b).merged(Range.of(a))


def test_what_a_format_needs_of_a_range() -> None:
    found = Range.of(torch.tensor([-3.0, 2.0, 0.0, 0.4]))
    assert (found.interval, found.magnitude, found.count, found.zeros) == ((-3.0, 2.0), 3.0, 4, 1)
    assert (Range(0.0, 0.0).count, Range(0.0, 0.0).zeros, Range(0.0, 0.0).share_below(3)) == (0, 0, 0.0)
    assert Range.of(torch.zeros(0)) == Range(0.0, 0.0)


@pytest.mark.parametrize("exponent", [-39, -20, -1, 0, 1, 39])
def test_the_share_below_a_power_of_two(exponent: int) -> None:
    edge = 2.0**exponent
    found = Range.of(torch.tensor([edge, -edge, edge * (1 - 2.0**-20), 0.0]))
    assert [found.share_below(exponent + more) for more in (-1, 0, 1)] == [0.25, 0.5, 1.0]
    assert (found.share_below(LOWEST_EXPONENT - 5), found.share_below(HIGHEST_EXPONENT + 5)) == (0.25, 1.0)


@pytest.mark.parametrize("bad", [torch.nan, torch.inf, -torch.inf])
def test_what_is_not_finite_is_named(bad: float) -> None:
    with pytest.raises(ValueError, match="^weight of fc has NaN or infinite values$"):
        Range.of(torch.tensor([1.0, bad, 2.0]), "weight of fc")


def test_equal_ranges_are_equal_everywhere() -> None:
    assert some() == some() == pickle.loads(pickle.dumps(some()))
    assert hash(some()) == hash(pickle.loads(pickle.dumps(some())))
    assert some() != some(4)
    assert some() != Ranges(dict(reversed(list(some().items()))), 3)  # the order is the order of execution


def test_json_both_ways(tmp_path: Path) -> None:
    assert Ranges.from_json(json.loads(json.dumps(some().to_json()))) == some()
    some().save(tmp_path / "ranges.json", context="abc")
    saved = json.loads((tmp_path / "ranges.json").read_text())
    assert saved["context"] == "abc"
    assert Ranges.from_json(saved) == some()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [], r"^the ranges: \[\] is no object$"),
        (("images",), "3", "^the ranges: images is '3', not a number of images$"),
        (("images",), True, "^the ranges: images is True, not a number of images$"),
        (("layers",), None, "^the ranges: layers is None, not an object$"),
        (("layers", "conv"), 1, "^layer 'conv': 1 is no object$"),
        (("layers", "conv", "operation"), 1, "^layer 'conv': operation is 1, not a text$"),
        (("layers", "conv", "reads_image"), 0, "^layer 'conv': reads_image is 0, not true or false$"),
        (("layers", "conv", "summed_axis"), 1.0, "^layer 'conv': summed_axis is 1.0, not an integer or null$"),
        (
            ("layers", "conv", "weight_channels"),
            [[0.0]],
            r"^layer 'conv': weight_channels is \[\[0.0\]\], not a list of ",
        ),
        (("layers", "conv", "input"), [], r"^layer 'conv': input is \[\], not an object or null$"),
        (("layers", "conv", "input", "low"), "0", "^layer 'conv', input: low is '0', not a finite number$"),
        (("layers", "conv", "input", "high"), torch.nan, "^layer 'conv', input: high is nan, not a finite number$"),
        (("layers", "conv", "input", "high"), 10**400, "^layer 'conv', input: high is 1000.*, not a finite number$"),
        (
            ("layers", "conv", "input", "bins"),
            [1, 1],
            r"^layer 'conv', input: bins is \[1, 1\], not a list of ascending",
        ),
        (
            ("layers", "conv", "input", "bins"),
            [10**6],
            "^layer 'conv', input: bins is .*, not a list of ascending bins$",
        ),
        (
            ("layers", "relu", "input", "counts"),
            [1],
            r"^layer 'relu', input: counts is \[1\], not a list of \d+ counts$",
        ),
    ],
)
def test_what_is_ill_typed_is_named(path: tuple[str, ...], value: object, message: str) -> None:
    with pytest.raises(ValueError, match=message) as raised:
        Ranges.from_json(_changed(some().to_json(), path, value))
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 160


def test_every_field_is_missed() -> None:
    whole = some().to_json()
    layer = whole["layers"]["conv"]
    paths = [("images",), ("layers",), *(("layers", "conv", key) for key in layer)]
    paths += [("layers", "conv", "input", key) for key in layer["input"]]
    for path in paths:
        with pytest.raises(ValueError, match=f"there is no '{path[-1]}'$"):
            Ranges.from_json(_changed(whole, path, None, remove=True))


def _changed(whole: Any, path: tuple[str, ...], value: object, *, remove: bool = False) -> Any:
    if not path:
        return value
    changed = dict(whole)
    if remove and len(path) == 1:
        del changed[path[0]]
    else:
        changed[path[0]] = _changed(whole[path[0]], path[1:], value, remove=remove)
    return changed
