"""``adequate search --ray``: the front of one process, on standard output nothing else, and a run that goes on."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from adequate.exploration import Store
from tests.cli.conftest import Command

ASKED = ("--strategy", "random_points", "--trials", 40, "--margin", 2, "--threads", 1, "--no-race")

needs_ray = pytest.mark.skipif(find_spec("ray") is None and not os.environ.get("CI"), reason="Ray is not installed")


def line(digits: tuple[object, ...], run: Path, *more: str) -> list[str]:
    arguments = (*digits, *ASKED, "--run", run, "--json", *more)
    return [sys.executable, "-m", "adequate.cli", "search", *map(str, arguments)]


def told(out: str) -> dict[str, Any]:
    """The answer without what names the run's folder, and without what was remembered."""
    answer = json.loads(out)
    for one in answer["front"]:
        one["design"] = Path(one["design"]).name
    return {key: value for key, value in answer.items() if key not in ("report", "evaluations", "reused")}


def interruptible() -> None:
    """Whoever runs the tests in the background ignores SIGINT, which a child would inherit."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@needs_ray
@pytest.mark.slow
def test_a_cluster_finds_the_same_and_an_interrupted_search_goes_on(digits: tuple[object, ...], tmp_path: Path) -> None:
    alone = subprocess.run(line(digits, tmp_path / "alone"), capture_output=True, text=True, check=True)
    run = tmp_path / "cluster"
    begun = subprocess.Popen(
        line(digits, run, "--ray", "local:2"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        preexec_fn=interruptible,
    )
    while begun.poll() is None and len(stored(run)) < 5:
        time.sleep(0.05)
    os.killpg(begun.pid, signal.SIGINT)  # as a terminal does
    out, err = begun.communicate()
    assert (begun.returncode, out) == (130, "")
    assert err.splitlines()[-1].startswith("adequate: interrupted; ")
    kept = len(stored(run))
    assert 5 <= kept < 40
    again = subprocess.run(line(digits, run, "--ray", "local:2"), capture_output=True, text=True, check=True)
    assert told(again.stdout) == told(alone.stdout)
    assert json.loads(again.stdout)["reused"] == kept


def stored(run: Path) -> tuple[Any, ...]:
    if not (run / "trials.db").exists():
        return ()
    with Store(run / "trials.db") as store:
        return store.trials()


def test_bad_numbers_of_workers_are_refused(adequate: Command, digits: tuple[object, ...], tmp_path: Path) -> None:
    for ray in ("local:0", "local:two"):
        answer = adequate("search", *digits, "--run", tmp_path / "run", "--ray", ray)
        assert answer.code == 2
        assert f"--ray {ray}: " in answer.complaint
    assert not (tmp_path / "run").exists()


def test_without_ray_one_line_says_what_to_install(
    adequate: Command, digits: tuple[object, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    answer = adequate("search", *digits, "--run", tmp_path / "run", "--ray", "auto")
    assert answer.code == 1
    assert answer.complaint == "a cluster needs Ray: pip install 'adequate[cluster]'"
