"""What is shown while a command runs."""

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from adequate.cli import progress as module
from adequate.cli.front_so_far import FrontSoFar
from adequate.cli.progress import Progress
from adequate.cli.tally import Smallest
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
    return Progress(Smallest(1.0), Console(file=file, width=100, highlight=False)), file


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


def searching(clock: SimpleNamespace, terminal: bool = False) -> tuple[Progress, FrontSoFar, io.StringIO]:
    """Progress of a search for bits and energy."""
    file = io.StringIO()
    console = Console(file=file, width=100, highlight=False, force_terminal=terminal, legacy_windows=False)
    tally = FrontSoFar(("stored_bits", "energy_pj@laconic"), clock=lambda: clock.seconds)
    return Progress(tally, console), tally, file


def scored(bits: int, accuracy: float, images: int, **more: float) -> Trial:
    """A trial of a search."""
    return Trial(design(bits), {"accuracy": accuracy, "stored_bits": 100 * bits, "images": images, **more})


def answers() -> list[Trial]:
    """Two on the front, one worse than another, one given up on, one on another split."""
    energy = "energy_pj@laconic"
    return [
        scored(8, 0.99, 1000, **{energy: 9.0}),
        scored(2, 0.2, 100, **{energy: 1.0}),
        scored(6, 0.98, 1000, **{energy: 6.5}),
        scored(7, 0.97, 1000, **{energy: 7.5}),
        Trial(design(6), {"accuracy": 0.5, "loss": 1.0}, split="test"),
    ]


def test_a_search_says_how_fast_what_is_saved_and_what_is_left(clock: SimpleNamespace) -> None:
    shown, tally, file = searching(clock)
    with shown:
        shown.stage("full precision")
        clock.seconds = 100.0
        shown.stage("search")
        tally.expected = 24
        for at, trial in enumerate(answers()):
            clock.seconds += 5.0 * (at != 0)
            shown.evaluated(100, 1000)
            shown.tried(trial, reused=at == 0)
    lines = file.getvalue().splitlines()
    # 3 new ones took 15 s; 900 of 4,000 images were not run; 20 are left at 5 s each, 5 s of which have passed.
    assert tally.line() == (
        "3 tried, 1 remembered of 24, 0.2 trials/s, 22.50 % of the images saved, 2 on the front, 1 min 35 s left"
    )
    assert lines[:2] == ["full precision", "search"]
    assert all(line.startswith("search; ") for line in lines[2:])


def test_the_front_so_far_is_a_table(clock: SimpleNamespace) -> None:
    shown, _, file = searching(clock, terminal=True)
    with pytest.raises(KeyboardInterrupt), shown:
        shown.stage("search")
        for trial in answers():
            shown.tried(trial, reused=False)
        raise KeyboardInterrupt
    left = file.getvalue().rpartition("\x1b[2K")[2]  # after the last line that was cleared
    rows = [line.split() for line in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", left).splitlines() if line.strip()]
    assert ["accuracy", "stored_bits", "energy_pj@laconic"] in rows
    assert [row for row in rows if "%" in row and row[1] == "%"] == [
        ["98.00", "%", "600", "6.5"],
        ["99.00", "%", "800", "9"],
    ]


def test_what_was_given_up_on_is_never_on_the_front(clock: SimpleNamespace) -> None:
    """Not even while nothing else is known."""
    _, tally, _ = searching(clock)
    tally.evaluated(1000)
    tally.tried(scored(2, 0.999, 100, **{"energy_pj@laconic": 1.0}), reused=False)
    assert tally.picture() is None


def test_a_long_front_shows_its_ends(clock: SimpleNamespace) -> None:
    _, tally, _ = searching(clock)
    for bits in range(2, 32):
        tally.tried(scored(bits, bits / 100, 1000, **{"energy_pj@laconic": 1.0}), reused=False)
    table = tally.picture()
    assert table is not None
    accuracies = list(table.columns[0].cells)
    assert len(accuracies) == 6
    assert (accuracies[0], accuracies[-1]) == ("2.00 %", "31.00 %")
