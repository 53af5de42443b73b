"""Commands run in this process, and the inputs they share."""

import contextlib
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from torch import Generator

from adequate.cli import main
from adequate.storage import save_tensors
from adequate.zoo import entry


@dataclass(frozen=True)
class Answer:
    """How a command ended and what it said."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one JSON object on standard output."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that says what was wrong; the lines before it say what was being done."""
        *before, last = self.err.splitlines()
        assert last.startswith("adequate: "), self.err
        assert not any(line.startswith(("adequate:", "Traceback")) for line in before), self.err
        assert self.out == ""
        return last.removeprefix("adequate: ")


Command = Callable[..., Answer]


def run(*arguments: object) -> Answer:
    """Runs ``adequate ARGUMENTS`` in this process."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), pytest.raises(SystemExit) as ended:
        main([str(one) for one in arguments])
    assert isinstance(ended.value.code, int)
    return Answer(ended.value.code, out.getvalue(), err.getvalue())


@pytest.fixture(scope="session")
def adequate() -> Command:
    """Runs a command."""
    return run


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Commands run in an empty working directory, whose modules can be named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained weights of digits-cnn, so that not every command trains it."""
    pretrained = entry("digits-cnn").pretrained
    assert pretrained is not None
    file = tmp_path_factory.mktemp("weights") / "digits.safetensors"
    save_tensors(file, pretrained(Generator().manual_seed(0), None).state_dict(), {})
    return file


@pytest.fixture(scope="session")
def digits(weights: Path) -> tuple[object, ...]:
    """The network and the data of most commands."""
    return ("digits-cnn", "--weights", weights, "--data", "digits")


@pytest.fixture(scope="session")
def condensed(digits: tuple[object, ...], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Answer]:
    """A finished run, not to be written to, and what the command answered."""
    folder = tmp_path_factory.mktemp("condensed") / "run"
    answer = run("condense", *digits, "--format", "static_fixed", "--finetune", 1, "--run", folder, "--json")
    assert answer.code == 0, answer.err
    return folder, answer


@pytest.fixture
def run_folder(condensed: tuple[Path, Answer], tmp_path: Path) -> Path:
    """A copy of the finished run."""
    return Path(shutil.copytree(condensed[0], tmp_path / "run"))


@pytest.fixture
def module(tmp_path: Path) -> Callable[[str], str]:
    """Writes a user's module and gives its name, another one every time: Python imports a name once."""

    def write(source: str) -> str:
        name = f"users_{tmp_path.name}_{len(list(tmp_path.glob('users_*.py')))}".replace("-", "_")
        (tmp_path / f"{name}.py").write_text(source, encoding="utf-8")
        return name

    return write
