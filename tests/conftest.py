"""Real data for tests: ``ADEQUATE_DATA`` says where it is; without it tests skip, in CI they fail."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from tests.needed import lacking

settings.register_profile("adequate", deadline=None, derandomize=True)  # a slow machine is no failure; seeds are fixed
settings.load_profile("adequate")

FIRST = (
    "papers/test_ristretto.py",
    "exporters/test_witnesses.py",
    "exploration/test_bayesian.py",
    "cli/test_kill.py",
    "exploration/test_surrogate.py",
    "cli/test_finetune_together.py",
    "test_docs.py",
    "exporters/verilog/test_networks.py",
    "test_emulation.py",
    "papers/test_proxsim.py",
    "fuzzing/test_readers.py",
    "zoo/test_accuracy.py",
    "cli/test_bad_input.py",
    "test_conformance.py",
    "network/test_parts.py",
)
"""The files that take longest: begun last, they would keep one process while the others have nothing left to do."""

if not torch.cuda.is_available():
    os.environ["TRITON_INTERPRET"] = "1"  # before Triton is imported: its kernels run on the processor


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files begin."""
    missing = [name for name in FIRST if not (Path(__file__).parent / name).exists()]
    assert not missing, f"tests/conftest.py: FIRST names files that are not there: {', '.join(missing)}"
    places = {Path(__file__).parent / name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


@pytest.fixture(scope="session")
def data_root() -> Path:
    """The folder of data sets and trained models."""
    root = os.environ.get("ADEQUATE_DATA")
    if not root or not Path(root).is_dir():
        lacking("ADEQUATE_DATA does not name the folder of data sets and trained models")
    return Path(root)


@pytest.fixture(scope="session")
def cifar10_dir(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of CIFAR-10's standard binary files; its test file has the first 1,000 images.

    The processes of one run share it: the first one that wants it unpacks.
    """
    base = tmp_path_factory.getbasetemp()
    target = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "cifar10"
    with (target.parent / "cifar10.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not target.exists():
            unpacked = tmp_path_factory.mktemp("data") / "cifar10"
            subprocess.run([sys.executable, data_root / "unpack_cifar10.py", unpacked], check=True, capture_output=True)
            unpacked.rename(target)
    return target
