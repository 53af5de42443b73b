"""Data sets that a user's own function makes."""

import sys
from pathlib import Path

import pytest

from adequate.data.callable import import_callable, load_callable
from adequate.data.load import load

MODULE = """
import numpy as np, torch
from adequate.data import Dataset, Split

def arrays(): return np.zeros((6, 1, 2, 2), dtype=np.float32), np.array([0, 1, 2, 0, 1, 2], dtype=np.int32)
def lists(): return torch.zeros(2, 1, 1, 1).tolist(), [0, 1]
def dataset(): return Dataset("mine", 2, None, None, Split(torch.zeros(2, 1, 1, 1), torch.arange(2), None, "test"))
def float_labels(): return torch.zeros(2, 1, 1, 1), torch.zeros(2)
def nothing(): return None
class Maker:
    @staticmethod
    def arrays(): return arrays()
number = 3
"""


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A module in the working directory."""
    (tmp_path / "own_data.py").write_text(MODULE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.delitem(sys.modules, "own_data", raising=False)
    return "own_data"


@pytest.mark.parametrize("name", ["arrays", "Maker.arrays"])
def test_images_and_labels_become_one_split(module: str, name: str) -> None:
    dataset = load(f"{module}:{name}")
    assert (dataset.name, dataset.classes, dataset.train, len(dataset.test)) == (f"{module}:{name}", 3, None, 6)


def test_lists_will_do(module: str) -> None:
    assert load(f"{module}:lists").classes == 2


def test_a_data_set_is_taken_as_it_is(module: str) -> None:
    assert load(f"{module}:dataset").name == "mine"


def test_the_rest_is_refused(module: str) -> None:
    for name, reason in {
        "nothing": "must return a Dataset or \\(images, labels\\), not NoneType",
        "float_labels": "labels of 'test' must be int64",
        "number": "is not callable: int",
        "absent": "has no 'absent'",
        "": "not of the form module:callable",
    }.items():
        with pytest.raises(ValueError, match=reason):
            load_callable(f"{module}:{name}")


def test_a_module_that_cannot_be_imported_is_named(module: str) -> None:
    with pytest.raises(ValueError, match="cannot import 'no_such_module'"):
        import_callable("no_such_module:f")
    Path(f"{module}.py").write_text("def broken(:\n")
    with pytest.raises(ValueError, match="cannot import 'own_data'") as caught:
        import_callable(f"{module}:f")
    assert "\n" not in str(caught.value)
