"""Processes of ``torchrun``: one of them speaks, and one of them says what went wrong."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from torch.distributed import TCPStore

from adequate.cli.torchrun import AGAIN, end_undisturbed, heed_torchrun, is_first_to_fail, one_voice, typed
from tests.cli.conftest import Command

ASKED = ("finetune", "digits-cnn", "--run", "a b")


@pytest.fixture
def two(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """This process is one of two on this machine, whose ``RANK`` is still to be set."""
    of_torchrun = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False, timeout=timedelta(seconds=10))
    told = {"TORCHELASTIC_RUN_ID": "one", "WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "GROUP_RANK": "1"}
    for name, value in {**told, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(of_torchrun.port)}.items():
        monkeypatch.setenv(name, value)
    heard = {one: signal.getsignal(one) for one in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)}
    yield monkeypatch
    del of_torchrun
    signal.setitimer(signal.ITIMER_REAL, 0)
    for one, handler in heard.items():
        signal.signal(one, handler)


def test_the_first_is_heard_and_the_others_are_not(two: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    for rank in ("0", "1"):
        two.setenv("RANK", rank)
        with one_voice(ASKED):
            print("answer of", rank)
            print("progress of", rank, file=sys.stderr)
    assert capsys.readouterr() == ("answer of 0\n", "progress of 0\n")


def test_one_says_why_all_end(adequate: Command, two: pytest.MonkeyPatch) -> None:
    two.setenv("RANK", "1")
    first = adequate("condense", "digits-cnn", "--data", "digits", "--run", "run")
    two.setenv("RANK", "0")
    second = adequate("condense", "digits-cnn", "--data", "digits", "--run", "run")
    assert first.complaint == "condense works in one process; torchrun is for finetune"
    assert (first.code, second.code) == (2, 2)
    assert (second.out, second.err) == ("", "")
    assert not is_first_to_fail()


class Finalised:
    """Is sent a signal where Python drops whatever is raised."""

    def __del__(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interruption_that_is_dropped_comes_again(two: pytest.MonkeyPatch) -> None:
    heed_torchrun()
    begun = time.monotonic()
    Finalised()
    with pytest.raises(KeyboardInterrupt):
        time.sleep(60)
    assert AGAIN / 2 < time.monotonic() - begun < 30


def test_what_is_said_last_is_not_interrupted(two: pytest.MonkeyPatch) -> None:
    heed_torchrun()
    with pytest.raises(KeyboardInterrupt):
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(60)
    end_undisturbed()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(1.5 * AGAIN)


def test_alone_every_failure_is_told() -> None:
    assert is_first_to_fail()
    assert is_first_to_fail()


def test_the_command_as_it_was_typed(two: pytest.MonkeyPatch) -> None:
    torchrun = "--nproc-per-node=2 --no-python -- adequate finetune digits-cnn --run 'a b'"
    assert typed(ASKED) == f"torchrun --standalone {torchrun}"
    two.setenv("WORLD_SIZE", "6")
    two.setenv("MASTER_PORT", "29400")
    assert typed(ASKED) == f"torchrun --nnodes=3 --node-rank=1 --master-addr=127.0.0.1 --master-port=29400 {torchrun}"
    two.delenv("TORCHELASTIC_RUN_ID")
    assert typed(ASKED) == "adequate finetune digits-cnn --run 'a b'"
