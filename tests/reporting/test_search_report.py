"""The report of a search: its figures against the trials, its tables against the designs, its names only names."""

import json
import random
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from adequate.design import Design
from adequate.exploration import Front, Result, Space, Trial
from adequate.exploration.hypervolume import hypervolume
from adequate.formats import Fixed
from adequate.reporting import Facts, report

from .test_report import HOSTILE, opened

LAYERS = (HOSTILE, "fc")
OBJECTIVES = ("stored_bits", f"energy_pj@{HOSTILE}")
SPACE = Space(Design().with_layers(LAYERS, input=Fixed(8, 7), weight=Fixed(8, 6)), bits=range(2, 7))
IMAGES = 400


@pytest.fixture(scope="module")
def result() -> Result:
    """40 designs; those that lose much were given up on after 100 images."""
    numbers = random.Random(0)
    points = numbers.sample(sorted(SPACE.points()), 40)
    trials = [Trial(SPACE.design(point), _figures(point, numbers)) for point in points]
    whole = [trial for trial in trials if trial.figures["images"] == IMAGES]
    assert 10 < len(whole) < 40
    return Result(None, Front.of(whole, OBJECTIVES), tuple(trials), len(trials), 0)


def _figures(point: tuple[int, ...], numbers: random.Random) -> dict[str, float]:
    accuracy = round(0.98 - sum(0.01 * (4 - place) ** 2 for place in point) / 8 + numbers.uniform(-0.01, 0.01), 3)
    costs = (100.0 * sum(point) + 800, 1e6 * (2 + point[0] * point[1]) + numbers.randrange(1000))
    images = IMAGES if accuracy > 0.93 else 100
    return {"accuracy": accuracy, **dict(zip(OBJECTIVES, costs, strict=True)), "images": images}


@pytest.fixture(scope="module")
def page(result: Result, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("search") / "report.html"
    write(result, path)
    return path


def write(result: Result, path: Path) -> None:
    facts = Facts(HOSTILE, HOSTILE, margin=1.0, commands=(HOSTILE,), reference=0.98)
    report(result, path, facts=facts, design=result.front[1].design)


@dataclass(frozen=True)
class Said:
    """What stands in a page as JSON."""

    data: dict[str, Any]
    figures: dict[str, Any]

    def trace(self, plot: str, name: str) -> dict[str, Any]:
        [found] = [one for one in self.figures[plot]["data"] if one.get("name") == name]
        return found

    def points(self, plot: str, name: str) -> list[tuple[float, float]]:
        found = self.trace(plot, name)
        return list(zip(found["x"], found["y"], strict=True))


@pytest.fixture(scope="module")
def said(page: Path) -> Said:
    text = page.read_text(encoding="utf-8")
    parts = {
        name: re.search(rf'<script type="application/json" id="adequate-{name}">(.*?)</script>', text, re.DOTALL)
        for name in ("data", "figures")
    }
    assert all(parts.values())
    return Said(**{name: json.loads(found[1]) for name, found in parts.items() if found})


class Tables(HTMLParser):
    """The rows of the tables of a page, each a list of texts, by the table's id."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.found: dict[str, list[list[str]]] = {}
        self._rows: list[list[str]] | None = None
        self.feed(page.read_text(encoding="utf-8").partition("<script")[0])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self._rows = self.found.setdefault(str(dict(attrs).get("id")), [])
        elif tag == "tr" and self._rows is not None:
            self._rows.append([])
        elif tag in ("td", "th") and self._rows is not None:
            self._rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "table":
            self._rows = None

    def handle_data(self, data: str) -> None:
        if self._rows and self._rows[-1]:
            self._rows[-1][-1] += data.strip()


@pytest.mark.parametrize("at", [1, 2])
def test_every_objective_has_its_front(said: Said, result: Result, at: int) -> None:
    name = OBJECTIVES[at - 1]
    whole = [t for t in result.trials if t.figures["images"] == IMAGES]
    pairs = {(t.figure(name), t.accuracy) for t in whole}
    unbeaten = {
        (cost, accuracy)
        for cost, accuracy in pairs
        if not any(other != (cost, accuracy) and other[0] <= cost and other[1] >= accuracy for other in pairs)
    }
    plot = f"front-{at}"
    [low] = {y for one in said.figures[plot]["data"] if one["name"].startswith("below") for y in one["y"]}
    assert set(said.points(plot, "front")) == {(cost, 100 * acc) for cost, acc in unbeaten if 100 * acc >= low}
    numbered = [(n, t) for n, t in enumerate(result.trials, 1)]
    everything = [n for one in said.figures[plot]["data"] if one["name"] != "this design" for n in one["customdata"]]
    assert sorted(everything) == [n for n, _ in numbered]
    for one in said.figures[plot]["data"]:
        for n, x, y in zip(one["customdata"], one["x"], one["y"], strict=True):
            trial = result.trials[n - 1]
            assert x == trial.figure(name)
            assert y == 100 * trial.accuracy or (one["name"].startswith("below") and y >= 100 * trial.accuracy)


def test_what_was_given_up_on_is_said(said: Said, result: Result) -> None:
    given_up = [n for n, trial in enumerate(result.trials, 1) if trial.figures["images"] < IMAGES]
    assert said.data["search"]["estimated"] == given_up
    assert not set(given_up).intersection(said.data["front"]["trials"])


def test_growth_is_the_hypervolume_so_far(said: Said, result: Result) -> None:
    largest = [max(trial.figure(name) for trial in result.trials) for name in OBJECTIVES]
    losses = {
        n: (1 - t.accuracy, *(t.figure(name) / most for name, most in zip(OBJECTIVES, largest, strict=True)))
        for n, t in enumerate(result.trials, 1)
        if t.figures["images"] == IMAGES
    }
    prefixes = accumulate(([one] for one in losses.values()), lambda before, one: before + one)
    [trace] = said.figures["growth"]["data"]
    assert trace["x"] == list(losses)
    assert trace["y"] == pytest.approx([hypervolume(some, (1.0,) * 3) for some in prefixes])


def test_a_line_goes_through_its_choices(said: Said, result: Result) -> None:
    knobs = len(SPACE.knobs)
    drawn = 0
    for name in ("tried", "front", "this design"):
        trace = said.trace("coordinates", name)
        lines = zip(*[iter(zip(trace["customdata"], trace["y"], strict=True))] * (knobs + 2 + 2), strict=True)
        for line in lines:
            n = line[0][0]
            assert [y for _, y in line[:knobs]] == pytest.approx(
                SPACE.vector(SPACE.point(result.trials[n - 1].design)), abs=1e-4
            )
            assert line[-1][1] is None
            drawn += 1
    assert drawn == len(result.trials)


def test_the_front_stands_side_by_side(page: Path, result: Result) -> None:
    rows = Tables(page).found["word-lengths"]
    numbers = [result.trials.index(trial) + 1 for trial in result.front]
    assert rows[0] == ["Trial", *map(str, numbers)]
    assert rows[1] == ["accuracy, %", *(f"{100 * trial.accuracy:.2f}" for trial in result.front)]
    for layer in LAYERS:
        for slot in ("input", "weight"):
            bits = [str(getattr(trial.design[layer], slot).bits) for trial in result.front]
            assert [f"{layer}.{slot}", *bits] in rows


def test_the_sensitivities_are_those_of_the_json(page: Path, said: Said) -> None:
    """What they are is the matter of test_sensitivities."""
    head, *rows = Tables(page).found["sensitivity"]
    known = [knob for knob in said.data["search"]["knobs"] if knob["changes"]]
    assert [row[0] for row in rows] == [knob["name"] for knob in known]
    for row, knob in zip(rows, known, strict=True):
        shown = {
            bits: float(text.replace("≈", "").replace("−", "-"))
            for bits, text in zip(head[1:], row[1:], strict=True)
            if text
        }
        expected = {str(knob["choices"][one["choice"]]["bits"]): one["points"] for one in knob["changes"]}
        assert shown == pytest.approx(expected, abs=0.00501)


def test_equal_trials_give_equal_bytes(page: Path, result: Result, tmp_path: Path) -> None:
    again = Result(None, result.front, tuple(Trial(t.design, dict(t.figures)) for t in result.trials), 0, 40)
    write(again, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()


def test_a_click_opens_the_design(browser: Browser, page: Path, said: Said, result: Result) -> None:
    """Whose names are markup, on a narrow screen."""
    with opened(browser, page, width=400) as shown:
        assert shown.evaluate("document.documentElement.scrollWidth") <= 400
        at = said.data["front"]["trials"][0]
        trial = result.trials[at - 1]
        point = f"{{points: [{{customdata: {at}}}]}}"
        shown.evaluate(f"document.getElementById('plot-front-1').emit('plotly_click', {point})")
        dialog = shown.locator("dialog[open]")
        assert dialog.locator("h2").inner_text() == f"Trial {at}, of the front"
        rows = [row.locator("th, td").all_inner_texts() for row in dialog.locator("tbody tr").all()]
        expected = [[name, str(one.input), str(one.weight)] for name, one in trial.design.items()]
        assert sorted(rows) == sorted(expected)
        assert trial.design.digest in dialog.inner_text()
        shown.keyboard.press("Escape")
        assert dialog.count() == 0
        shown.locator("button[data-trial]").last.click()
        assert dialog.locator("h2").inner_text() == f"Trial {said.data['front']['trials'][-1]}, of the front"
        assert shown.locator("img").count() == 0
