"""A small run to report on, and a browser to look at the report with."""

import shutil
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Browser, sync_playwright
from torch import nn

from adequate.design import Design
from adequate.evaluation import Score, wilson
from adequate.exploration import Query, Result, Trial, search
from adequate.formats import Fixed, Minifloat, PowerOfTwo
from adequate.network import Network, trace
from adequate.profiling import Ranges, profile
from adequate.reporting import Facts, report, stored_bits
from tests.needed import lacking

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Run:
    """What a report is made from."""

    result: Result
    network: Network
    ranges: Ranges
    facts: Facts
    baseline: Score


class Small(nn.Module):
    """Two products of 36 and 40 weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(2)
        self.fc = nn.Linear(4, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.pool(self.relu(self.conv(x))).flatten(1))


@pytest.fixture(scope="session")
def network() -> Network:
    torch.manual_seed(0)
    return trace(Small(), torch.zeros(2, 1, 4, 4))


@pytest.fixture(scope="session")
def run(network: Network) -> Run:
    generator = torch.Generator().manual_seed(1)
    images = torch.randn(32, 1, 4, 4, generator=generator)
    best = (
        Design()
        .with_layers("conv", input=Fixed(8, 5), weight=PowerOfTwo(4), output=Minifloat(4, 3))
        .with_layers("fc", input=Fixed(6, 3), weight=Fixed(4, 4), output=Fixed(6, 3))
    )
    wide = best.with_layers("fc", weight=Fixed(8, 8))

    def strategy() -> Generator[list[Design | Query], list[Trial], Design | None]:
        yield [Design()]
        yield [wide, best.with_layers("fc", weight=Fixed(2, 2))]
        yield [Query(best, split="calibration"), Query(wide, split="calibration")]
        yield [best, Query(best, epochs=2)]
        return best

    def trial(design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        bits = stored_bits(network, design)
        if split == "calibration":
            return {"loss": 1 / bits}
        missed = (0.02 if bits < 250 else 0.01) if design else 0.0
        return {"accuracy": 0.97 - missed / (1 + epochs), "stored_bits": bits}

    def score(correct: int) -> Score:
        return Score(correct / 400, 400, wilson(correct, 400))

    facts = Facts(
        model="small",
        data="random images",
        margin=1.25,
        accuracies={"before fine-tuning": score(380), "after fine-tuning": score(386)},
        commands=("adequate condense small --data random --margin 1.25",),
    )
    return Run(search(strategy(), trial), network, profile(network, [(images, images)]), facts, score(388))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; without it tests skip, in CI they fail."""
    executable = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if executable is None:
        lacking(f"no browser: none of {', '.join(CHROMIUM)} is installed")
    with sync_playwright() as playwright:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        started = playwright.chromium.launch(executable_path=executable, args=options)
        yield started
        started.close()


@pytest.fixture
def written(run: Run, tmp_path: Path) -> Path:
    """The whole report of ``run``."""
    path = tmp_path / "report.html"
    report(run.result, path, network=run.network, ranges=run.ranges, facts=run.facts, baseline=run.baseline)
    return path
