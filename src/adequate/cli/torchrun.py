"""Processes that ``torchrun`` started: the first speaks for all of them, and of a failure the one that met it."""

import os
import shlex
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from types import FrameType
from typing import NoReturn

from adequate.cli.errors import Misuse

TOGETHER = "finetune"
"""The command whose work processes share."""

ENDING = signal.SIGINT, signal.SIGTERM
"""By either ``torchrun`` ends a process: as it is ended itself, or since another process has failed."""

AGAIN = 1.0
"""Seconds until an interruption is raised anew that nothing has caught: Python drops what is raised where an object is
finalised, and so do libraries that call Python from C."""


def processes() -> int:
    """How many there are, on all machines."""
    return int(os.environ["WORLD_SIZE"]) if "TORCHELASTIC_RUN_ID" in os.environ else 1


@contextmanager
def one_voice(arguments: Sequence[str]) -> Iterator[None]:
    """Answers and progress of the processes after the first go nowhere.

    Raises:
        Misuse: a command that works in one process.
    """
    if processes() == 1:
        yield
        return
    if arguments[0] != TOGETHER:
        raise Misuse(f"{arguments[0]} works in one process; torchrun is for {TOGETHER}")
    if os.environ["RANK"] == "0":
        yield
        return
    with open(os.devnull, "w") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        yield


def heed_torchrun() -> None:
    """The first signal that would end this process raises KeyboardInterrupt until ``end_undisturbed``."""
    if processes() > 1:
        for one in ENDING:
            signal.signal(one, _interrupt)


def end_undisturbed() -> None:
    """From here on no signal interrupts what this process still has to say."""
    if processes() > 1:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for one in ENDING:
            signal.signal(one, signal.SIG_IGN)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    for one in ENDING:
        signal.signal(one, signal.SIG_IGN)
    signal.signal(signal.SIGALRM, _interrupt)
    signal.setitimer(signal.ITIMER_REAL, AGAIN)
    raise KeyboardInterrupt


def is_first_to_fail() -> bool:
    """Whether no other process has asked this before: it says why, then ``torchrun`` ends them all."""
    if processes() == 1:
        return True
    from torch.distributed import TCPStore

    of_torchrun = TCPStore(os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"]), is_master=False)
    return of_torchrun.add("adequate failed", 1) == 1


def typed(arguments: Sequence[str]) -> str:
    """The command as it was typed, or one of ``torchrun``'s that starts as many processes on as many machines."""
    command = ["adequate", *arguments]
    if processes() == 1:
        return shlex.join(command)
    told = os.environ
    each = int(told["LOCAL_WORLD_SIZE"])
    machines = processes() // each
    address = (f"--master-addr={told['MASTER_ADDR']}", f"--master-port={told['MASTER_PORT']}")
    many = (f"--nnodes={machines}", f"--node-rank={told['GROUP_RANK']}", *address)
    where = ("--standalone",) if machines == 1 else many
    return shlex.join(["torchrun", *where, f"--nproc-per-node={each}", "--no-python", "--", *command])


def speak(message: str) -> None:
    """Says on standard error what went wrong, if no other process has; nothing ends this one before it has."""
    end_undisturbed()
    if is_first_to_fail():
        print(f"adequate: {message}", file=sys.stderr)
