"""Help pages, their examples, and how soon they come."""

import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from adequate.cli.app import COMMANDS, program
from adequate.cli.condense import Family
from adequate.cli.finetune import Outputs
from adequate.cli.multipliers import Field
from adequate.condensing import FORMATS
from adequate.finetuning import Recipe
from adequate.operators.listing import COSTS, STATISTICS
from adequate.reporting.multipliers import HEADS
from adequate.studies import STUDIES

Command = Callable[..., Any]
"""Runs a command and gives its answer."""


NAMES = [command.__name__ for command in COMMANDS]


def example(page: str) -> list[str]:
    """The command below ``Example:``."""
    lines = page.partition("Example:")[2].partition("\n\n")[0] if "╭" not in page else ""
    text = lines or page.partition("Example:")[2].partition("╭")[0]
    return shlex.split(re.sub(r"\\\s*\n", " ", text))


def test_every_command_of_the_issue_is_there() -> None:
    assert NAMES == [
        "trace", "profile", "evaluate", "compare", "diff", "condense", "finetune", "space", "search", "pick", "trials",
        "multipliers", "cost", "export", "verify", "report", "study",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["", *NAMES])
def test_the_example_can_be_copied(
    adequate: Command, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    (tmp_path / "exports/digits").mkdir(parents=True)
    for run in ("first", "second", "digits", "front"):
        (tmp_path / "runs" / run).mkdir(parents=True)
        (tmp_path / "runs" / run / "design.json").touch()
    page = adequate(*([name] if name else []), "--help")
    assert page.code == 0
    command, *arguments = example(page.out)
    assert command == "adequate"
    assert arguments[0] == (name or "condense")
    group = typer.main.get_command(program)
    asked = group.make_context("adequate", list(arguments))
    chosen = group.get_command(asked, arguments[0])  # type: ignore[attr-defined]
    chosen.make_context(arguments[0], arguments[1:], parent=asked)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_answers_in_json(adequate: Command, name: str) -> None:
    assert "--json" in adequate(name, "--help").out


def test_help_does_not_wait_for_torch() -> None:
    code = """
import sys
from adequate.cli import main

try:
    main(["condense", "--help"])
finally:
    heavy = {"torch", "numpy", "plotly", "sklearn", "jinja2"} & set(sys.modules)
    assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_choices_are_those_of_the_engine() -> None:
    assert [family.value for family in Family] == list(FORMATS)
    assert [Recipe(outputs=one.value).outputs for one in Outputs] == ["float", "quantized"]
    assert [field.value for field in Field] == [*STATISTICS, *COSTS] == list(HEADS)


def test_no_command_is_answered_with_the_help_page(adequate: Command) -> None:
    answer = adequate()
    assert answer.code == 2
    assert "condense" in answer.out + answer.err
    assert "adequate: " not in answer.err


def test_the_version(adequate: Command) -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", adequate("--version").out)


def test_studies_can_be_imported() -> None:
    from importlib import import_module

    for module in STUDIES.values():
        assert import_module(module).TABLES
