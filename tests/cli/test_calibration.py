"""``--calibration``: what the formats of ``--bits`` cover."""

from pathlib import Path

import pytest
import torch
from torch import Generator

import adequate as aq
from adequate import calibration
from adequate.cli.designs import CALIBRATIONS
from adequate.cli.options import Covered

from .conftest import Command


def test_the_names_are_those_of_the_functions() -> None:
    assert set(CALIBRATIONS) == set(Covered)
    assert all(callable(getattr(calibration, one.value)) for one in Covered)


@pytest.mark.parametrize("name", ["min_max", "entropy"])
def test_it_is_the_librarys(adequate: Command, digits: tuple[object, ...], weights: Path, name: str) -> None:
    answer = adequate("evaluate", *digits, "--bits", 3, "--calibration", name, "--json").json
    chosen = aq.entry("digits-cnn")
    model = chosen.build()
    chosen.load(model, weights)
    data = chosen.prepare(aq.load("digits"))
    network = aq.fold_batchnorm(aq.trace(model, torch.zeros(chosen.example_shape)))
    ranges = aq.profile(network, data.calibration(Generator().manual_seed(0)))
    design = aq.dynamic_fixed(ranges, 3, calibration=getattr(calibration, name))
    assert answer["accuracy"] == aq.evaluate(aq.emulate(network, design), data.test)
    assert (answer["bits"], answer["calibration"]) == (3, name)


def test_it_needs_bits(adequate: Command, digits: tuple[object, ...]) -> None:
    answer = adequate("evaluate", *digits, "--calibration", "entropy")
    assert (answer.code, answer.complaint) == (2, "--calibration is for --bits")
