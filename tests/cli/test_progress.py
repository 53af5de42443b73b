"""What is shown while a command runs."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from adequate.cli import progress as module
from adequate.cli.progress import Progress
from adequate.design import Design
from adequate.exploration import Trial
from adequate.finetuning import Step
from adequate.formats import Fixed


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that the test moves."""
    now = SimpleNamespace(seconds=0.0)
    monkeypatch.setattr(module, "monotonic", lambda: now.seconds)
    return now


def log() -> tuple[Progress, io.StringIO]:
    """Progress into a file."""
    file = io.StringIO()
    return Progress(margin=1.0, console=Console(file=file, width=100, highlight=False)), file


def design(bits: int) -> Design:
    """A design with one format."""
    return Design().with_layers("fc", weight=Fixed(bits, 4))


def test_a_log_gets_a_line_a_stage_and_then_one_now_and_then(clock: SimpleNamespace) -> None:
    shown, file = log()
    with shown:
        shown.stage("test images")
        for done in range(100, 10_001, 100):
            clock.seconds += 0.25
            shown.evaluated(done, 10_000)
    assert file.getvalue().splitlines() == [
        "test images",
        "test images; 4,100 of 10,000 images; 15 s left",
        "test images; 8,200 of 10,000 images; 4 s left",
    ]


def test_the_search_says_how_many_and_what_is_best(clock: SimpleNamespace) -> None:
    shown, file = log()
    with shown:
        shown.stage("search")
        shown.tried(Trial(Design(), {"accuracy": 0.99, "stored_bits": 3200}), True)
        shown.tried(Trial(design(8), {"accuracy": 0.985, "stored_bits": 800}), False)
        shown.tried(Trial(design(4), {"accuracy": 0.97, "stored_bits": 400}), False)
        shown.tried(Trial(design(4), {"accuracy": 0.99, "stored_bits": 400}, split="calibration"), False)
        clock.seconds = 11.0
        shown.trained(Step(20, 40, 0.25, 0.9))
    assert file.getvalue().splitlines()[-1] == (
        "search; 3 tried, 1 remembered; smallest within the margin: weights 4.0 times smaller, 98.50 %; "
        "fine-tuning: loss 0.2500, held-out accuracy 90.00 %; 20 of 40 steps"
    )


def test_a_terminal_gets_a_bar_and_is_left_clean(clock: SimpleNamespace) -> None:
    file = io.StringIO()
    console = Console(file=file, width=100, force_terminal=True, legacy_windows=False)
    with Progress(console=console) as shown:
        shown.stage("test images")
        shown.evaluated(2_500, 10_000)
        clock.seconds = 5.0
        shown.evaluated(5_000, 10_000)
        shown._live.refresh()
    text = file.getvalue()
    assert "test images" in text
    assert "5,000 of 10,000 images" in text
    assert "10 s left" in text
    assert text.endswith("\x1b[1A\x1b[2K")
