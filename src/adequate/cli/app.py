"""The program: its commands, in the order of use."""

import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from adequate.cli.compare import compare
from adequate.cli.condense import condense
from adequate.cli.cost import cost
from adequate.cli.diff import diff
from adequate.cli.evaluate import evaluate
from adequate.cli.export import export
from adequate.cli.finetune import finetune
from adequate.cli.multipliers import multipliers
from adequate.cli.options import grouped
from adequate.cli.pick import pick
from adequate.cli.profile import profile
from adequate.cli.report import report
from adequate.cli.search import search
from adequate.cli.space import space
from adequate.cli.study import study
from adequate.cli.trace import trace
from adequate.cli.trials import trials
from adequate.cli.verify import verify

COMMANDS = (
    trace,
    profile,
    evaluate,
    compare,
    diff,
    condense,
    finetune,
    space,
    search,
    pick,
    trials,
    multipliers,
    cost,
    export,
    verify,
    report,
    study,
)

program = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def help_of(command: Callable[..., None]) -> str:
    """The docstring with its paragraphs on one line each, for typer to fill; the example stays as it is."""
    paragraphs = inspect.getdoc(command) or ""
    return "\n\n".join(one if one.startswith("Example:") else " ".join(one.split()) for one in paragraphs.split("\n\n"))


for command in COMMANDS:
    program.command(help=help_of(command))(grouped(command))


def _version(asked: bool) -> None:
    if asked:
        print(version("adequate"))
        raise typer.Exit


@program.callback()
def adequate(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Prints the version and ends.")
    ] = False,
) -> None:
    """Finds the arithmetic a trained network needs, no more and no less, and emulates it bit for bit.

    Example:
      adequate condense digits-cnn --data digits --margin 1.0 --finetune 1 \\
        --run runs/demo
    """
