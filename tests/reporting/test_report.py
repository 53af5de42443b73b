"""The report in a browser: complete, quiet, true to its numbers, and deaf to hostile names."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from playwright.sync_api import Browser, Page

from adequate.design import Design
from adequate.exploration import Front, Result, Trial
from adequate.formats import Fixed
from adequate.network import Network
from adequate.profiling import LayerRanges, Range, Ranges
from adequate.reporting import Facts, memory, report

from .conftest import Run

HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>&amp;"


@contextmanager
def opened(browser: Browser, path: Path, width: int = 1280, scheme: Any = "light") -> Iterator[Page]:
    """The page, which must neither complain nor ask for anything but itself."""
    complaints: list[str] = []
    asked: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("dialog", lambda dialog: (complaints.append(f"dialog {dialog.message}"), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(path.as_uri())
    yield page
    page.close()
    assert complaints == []
    assert asked == [path.as_uri()]


def data_of(page: Page) -> dict[str, Any]:
    return page.evaluate("JSON.parse(document.getElementById('adequate-data').textContent)")


def points(page: Page, plot: str) -> dict[str, list[tuple[float, float]]]:
    """What Plotly drew, by the name of the trace."""
    traces = page.evaluate(f"document.getElementById('plot-{plot}').data.map(t => [t.name || '', t.x, t.y])")
    return {name: list(zip(x, y, strict=True)) for name, x, y in traces}


def test_every_figure_is_drawn(browser: Browser, written: Path) -> None:
    with opened(browser, written) as page:
        assert page.title() == "small · adequate"
        for plot, marks in (("accuracy", 3), ("search", 5 + 5 + 2), ("front-1", 2 + 3 + 1)):
            assert page.locator(f"#plot-{plot} .scatterlayer .point").count() == marks, plot
        assert page.locator("svg.strip").count() == 1 + 6  # the head of the table and two layers of three slots
        assert page.locator("svg.panel").count() == 6
        headings = page.locator("h2").all_inner_texts()
        assert headings == [
            "Accuracy",
            "Accuracy against storage",
            "Word lengths of the front",
            "Sensitivity",
            "Choices and figures",
            "Formats",
            "Memory",
            "Dynamic ranges",
            "Search",
            "Hypervolume",
            "Made by",
        ]
        assert page.locator("pre").inner_text() == "adequate condense small --data random --margin 1.25"


def test_the_numbers_shown_are_those_of_the_json(browser: Browser, written: Path) -> None:
    with opened(browser, written) as page:
        data = data_of(page)
        shown = page.locator("[data-path]").all()
        assert len(shown) >= 15
        for element in shown:
            value: Any = data
            for key in str(element.get_attribute("data-path")).split("."):
                value = value[key]
            text = element.inner_text().replace(",", "").replace("−", "-")
            decimals = len(text.partition(".")[2])
            assert text.lstrip("+") == f"{value * float(str(element.get_attribute('data-scale'))):.{decimals}f}"


def test_the_json_says_what_was_given(browser: Browser, written: Path, run: Run) -> None:
    with opened(browser, written) as page:
        data = data_of(page)
        drawn = points(page, "accuracy")[""]
        search, front = points(page, "search"), points(page, "front-1")
    assert [row["accuracy"] for row in data["accuracy"]["measured"]] == [388 / 400, 380 / 400, 386 / 400]
    assert data["accuracy"]["measured"][0]["interval"] == list(run.baseline.interval)
    assert data["accuracy"]["change_points"] == pytest.approx(-0.5)
    assert drawn == [(97.0, "full precision"), (95.0, "before fine-tuning"), (96.5, "after fine-tuning")]
    assert [trial["figures"] for trial in data["trials"]] == [dict(trial.figures) for trial in run.result.trials]
    assert (
        data["memory"]["weight_bits"] == 36 * 4 + 40 * 4 == memory(run.network, run.result.best or Design()).weight_bits
    )
    assert data["digest"] == run.result.best.digest if run.result.best else False
    assert data["design"]["layers"]["conv"] == {"input": "fixed(8,5)", "weight": "pow2(4)", "output": "float(4,3)"}
    assert data["wanted_validation_accuracy"] == pytest.approx(0.97 - 0.0125)
    numbered = list(enumerate(run.result.trials, 1))
    plain = [(n, 100 * t.accuracy) for n, t in numbered if t.split == "validation" and not t.epochs]
    tuned = [(n, 100 * t.accuracy) for n, t in numbered if t.split == "validation" and t.epochs]
    assert search["validation"] == plain
    assert search["fine-tuned"] == tuned
    assert search["calibration"] == [(n, t.figures["loss"]) for n, t in numbered if t.split == "calibration"]
    assert front["front"] == [(t.figures["stored_bits"] / 76, 100 * t.accuracy) for t in run.result.front]


@pytest.mark.parametrize(
    ("width", "scheme"), [(1280, "dark"), pytest.param(400, "light", marks=pytest.mark.slow), (400, "dark")]
)
def test_it_fits_the_screen_and_the_dark(browser: Browser, written: Path, width: int, scheme: str) -> None:
    with opened(browser, written, width, scheme) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        background = page.evaluate("getComputedStyle(document.body).backgroundColor")
        text = page.evaluate("getComputedStyle(document.querySelector('#plot-search .xtick text')).fill")
        brightness = [sum(map(int, re.findall(r"\d+", color)[:3])) / 3 for color in (background, text)]
        assert (brightness[0] < 64 < 192 < brightness[1]) == (scheme == "dark")
        assert (brightness[1] < 64 < 192 < brightness[0]) == (scheme == "light")


def test_names_are_only_names(browser: Browser, tmp_path: Path) -> None:
    """A model, a layer, a figure, a command and a label that are markup: shown as they are, and nothing runs."""
    seen = Range.of(torch.tensor([-0.9, 0.9]))
    design = Design().with_layers([HOSTILE], weight=Fixed(8, 7), input=Fixed(8, 7))
    trial = Trial(design, {"accuracy": 0.5, HOSTILE: 3.0})
    result = Result(design, Front.of([trial], [HOSTILE]), (trial,), 1, 0)
    facts = Facts(HOSTILE, HOSTILE, HOSTILE, 1.0, {HOSTILE: 0.5}, (HOSTILE,))
    ranges = Ranges({HOSTILE: LayerRanges(HOSTILE, input=seen, weight=seen), f"{HOSTILE}2": LayerRanges(HOSTILE)}, 1)
    report(result, tmp_path / "report.html", ranges=ranges, facts=facts, baseline=0.6)
    with opened(browser, tmp_path / "report.html") as page:
        assert page.locator("h1").inner_text() == HOSTILE
        assert page.locator("tbody th").inner_text().startswith(HOSTILE)
        assert page.locator("pre").inner_text() == HOSTILE
        assert page.locator("img").count() == 0
        assert page.locator("script").count() == 5
        data = data_of(page)
        assert (data["model"], data["layers"][0]["name"]) == (HOSTILE, HOSTILE)
        assert HOSTILE in page.locator("#plot-accuracy .ytick text").all_text_contents()
        page.locator("#plot-search .point").first.hover(force=True)
        page.wait_for_selector("#plot-search .hoverlayer .hovertext")
        said = str(page.locator("#plot-search .hoverlayer").text_content())
        assert said.count(HOSTILE) == 2  # the figure and the layer


def test_what_is_not_known_is_left_out(browser: Browser, run: Run, tmp_path: Path) -> None:
    report(run.result, tmp_path / "report.html")
    with opened(browser, tmp_path / "report.html") as page:
        headings = page.locator("h2").all_inner_texts()
        assert headings[:2] == ["Accuracy", "Accuracy against storage"]
        assert not {"Memory", "Dynamic ranges", "Made by"}.intersection(headings)
        assert data_of(page)["accuracy"]["measured"] == [
            {"label": "full precision", "accuracy": 0.97},
            {"label": "emulated", "accuracy": pytest.approx(0.96)},
            {"label": "emulated, 2 epochs", "accuracy": pytest.approx(0.97 - 0.01 / 3)},
        ]
    empty = Result(None, Front((), ()), (), 0, 0)
    report(empty, tmp_path / "empty.html")
    with opened(browser, tmp_path / "empty.html") as page:
        assert page.locator("h2").count() == 0


def test_another_design_than_the_chosen_has_no_accuracy_made_up(run: Run, tmp_path: Path) -> None:
    report(run.result, tmp_path / "report.html", design=Design().with_layers("fc", weight=Fixed(5, 5)))
    assert data_in(tmp_path / "report.html")["accuracy"]["final"] is None


def data_in(path: Path) -> dict[str, Any]:
    text = path.read_text(encoding="utf-8")
    found = re.search(r'<script type="application/json" id="adequate-data">(.*?)</script>', text, re.DOTALL)
    assert found is not None
    return json.loads(found[1], parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_infinite_figures_are_still_json(tmp_path: Path) -> None:
    trial = Trial(Design(), {"accuracy": 0.5, "energy_pj": float("inf")})
    report(Result(None, Front.of([trial], ["energy_pj"]), (trial,), 1, 0), tmp_path / "report.html")
    assert data_in(tmp_path / "report.html")["trials"][0]["figures"] == {"accuracy": 0.5, "energy_pj": None}


def test_equal_results_give_equal_bytes(run: Run, written: Path, tmp_path: Path) -> None:
    """However much of the search was remembered."""
    resumed = replace(run.result, evaluations=0, reused=len(run.result.trials))
    again = tmp_path / "again.html"
    report(resumed, again, network=run.network, ranges=run.ranges, facts=run.facts, baseline=run.baseline)
    assert again.read_bytes() == written.read_bytes()


def test_what_cannot_be_written_leaves_what_was_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    path.write_text("before")

    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", refuse)
    with pytest.raises(OSError, match=r"No space left on device.*report\.html"):
        report(run.result, path)
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_folded_layers_are_listed(network: Network, run: Run, tmp_path: Path) -> None:
    rewritten = replace(network, rewrites=("fold_batchnorm: bn into conv",))
    report(run.result, tmp_path / "report.html", network=rewritten)
    assert "<code>fold_batchnorm: bn into conv</code>" in (tmp_path / "report.html").read_text()
