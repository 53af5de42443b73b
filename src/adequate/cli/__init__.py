"""The command line: ``adequate COMMAND``; one file a command."""

import os
import sys
import warnings
from collections.abc import Sequence
from typing import NoReturn

import typer

from adequate.cli.app import program
from adequate.cli.errors import Misuse, expected_errors, one_line
from adequate.cli.memory import keep_memory
from adequate.cli.torchrun import end_undisturbed, heed_torchrun, one_voice, speak, typed

FAILED, MISUSED, INTERRUPTED = 1, 2, 130

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and ends the process: 0 done, 1 failed, 2 wrong use, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    keep_memory()
    with warnings.catch_warnings():
        if not sys.warnoptions:
            warnings.simplefilter("ignore", FutureWarning)  # libraries to programmers; nothing a user could mend
        try:
            heed_torchrun()
            code = _code(given)
            end_undisturbed()
        except KeyboardInterrupt:
            resumable = any(argument.startswith("--run") for argument in given)
            again = f"; go on with: {typed(given)}" if resumable else ""
            code = _failed(INTERRUPTED, f"interrupted{again}")
        sys.exit(code)


def _code(arguments: list[str]) -> int:
    command = typer.main.get_command(program)
    try:
        with command.make_context("adequate", list(arguments), obj=tuple(arguments)) as context, one_voice(arguments):
            command.invoke(context)
    except typer.Exit as end:
        return end.exit_code
    except typer.TyperException as error:
        return _failed(MISUSED, error.format_message())
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or Python complains when it flushes
        return FAILED
    except Misuse as error:
        if "--debug" in arguments:
            raise
        return _failed(MISUSED, one_line(error))
    except expected_errors() as error:
        if "--debug" in arguments:
            raise
        return _failed(FAILED, one_line(error))
    return 0


def _failed(code: int, message: str) -> int:
    if message:  # empty where the help page was all there is to say
        speak(message)
    return code
