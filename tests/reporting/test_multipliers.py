"""The page of multipliers in a browser: what is drawn, what is said, and names that are only names."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from adequate.operators import Drum, Exact, TruncatedArray, tabulate
from adequate.operators.listing import Listed, listing
from adequate.operators.published import Published
from adequate.reporting.multipliers import HEADS, front, multipliers_page, shown

from .test_report import HOSTILE, data_of, opened, points


def table(label: str, kept: int, **costs: float) -> Published:
    """Exact products without their lowest bits, at some cost."""
    return Published(tabulate(label, lambda a, b: a * b >> kept << kept, width_a=4, width_b=4), **costs)


@pytest.fixture
def rows() -> list[Listed]:
    ours = [Exact(4, 4), TruncatedArray(4, 4, 3), TruncatedArray(4, 4, 5), Drum(4, 4, 2)]
    published = [
        table("fine", 1, power_mw=0.5, area_um2=9),
        table("worse", 2, power_mw=0.6, area_um2=8),
        table(HOSTILE, 3, power_mw=0.1),
    ]
    return list(listing([*ours, *published]))


@pytest.fixture
def page(rows: list[Listed], tmp_path: Path) -> Path:
    path = tmp_path / "multipliers.html"
    multipliers_page(rows, path, title="Multipliers", about={"operands": HOSTILE})
    return path


def test_the_front_is_what_no_other_beats_in_both(rows: list[Listed]) -> None:
    for cost in ("power_mw", "area_um2", "gates"):
        known = [row for row in rows if getattr(row, cost) is not None]
        best = front(rows, cost)
        for row in known:
            beaten = any(
                getattr(one, cost) <= getattr(row, cost)
                and one.errors.mae <= row.errors.mae
                and (getattr(one, cost), one.errors.mae) != (getattr(row, cost), row.errors.mae)
                for one in known
            )
            assert (row in best) == (not beaten), (cost, row.name)
        assert [getattr(row, cost) for row in best] == sorted(getattr(row, cost) for row in best)


def test_every_known_cost_has_its_figure(browser: Browser, page: Path, rows: list[Listed]) -> None:
    by_name = {row.name: row for row in rows}
    with opened(browser, page) as open_page:
        assert open_page.locator(".plot").count() == 3  # of the others nothing is known
        power, gates = points(open_page, "power_mw"), points(open_page, "gates")
        data = data_of(open_page)
        cells = open_page.locator("table.figures tbody tr").all()
        said = {row.locator("td").first.inner_text(): row.locator("td").all_inner_texts()[1:] for row in cells}
    assert sorted(power["front"]) == [(0.1, by_name[HOSTILE].errors.mae), (0.5, by_name["fine"].errors.mae)]
    assert power["others"] == [(0.6, by_name["worse"].errors.mae)]
    [(exact_gates, edge)] = gates["no error"]
    assert exact_gates == by_name["exact(4,4)"].gates
    assert 0 < edge < min(row.errors.mae for row in rows if row.gates is not None and row.errors.mae)
    assert data["multipliers"] == [{"name": row.name, **row.figures()} for row in rows]
    drawn = [name for name in HEADS if name not in ("delay_ns", "luts", "mapped_gates", "transistors")]
    for row in rows:
        assert said[row.name] == [shown(name, row.figures()[name]) for name in drawn]


def test_names_are_only_names(browser: Browser, page: Path) -> None:
    with opened(browser, page) as open_page:
        assert open_page.locator("img").count() == 0
        assert HOSTILE in str(open_page.locator("header p").text_content())
        open_page.locator("#plot-power_mw .point").first.hover(force=True)
        open_page.wait_for_selector("#plot-power_mw .hoverlayer .hovertext")
        text = open_page.locator("#plot-power_mw .hoverlayer")
        assert str(text.text_content()).startswith(HOSTILE)
        assert "power 0.1 mW" in str(text.text_content())
        strokes = open_page.evaluate(
            "[...document.querySelectorAll('.hoverlayer tspan')].map(t => getComputedStyle(t).stroke)"
        )
        assert set(strokes) == {"none"}  # the page's own style leaves them alone


def test_without_any_cost_there_is_nothing_to_draw(tmp_path: Path) -> None:
    unknown = list(listing([table("mine", 1)]))
    with pytest.raises(ValueError, match="no multiplier in the list has a cost"):
        multipliers_page(unknown, tmp_path / "none.html", title="none", about={})
    assert not (tmp_path / "none.html").exists()


def test_figures_keep_four_digits() -> None:
    assert [shown("mae", value) for value in (0.0, 1 / 3, 999.94, 1234.5, 99_999_999, 1.5e15)] == [
        "0", "0.3333", "999.9", "1,234", "99,999,999", "1.5e+15",
    ]  # fmt: skip
    assert [shown(name, 0.5) for name in ("ep", "mred", "wcre", "nmed")] == ["50", "50", "50", "0.5"]


def test_it_is_the_same_page_again(rows: list[Listed], page: Path, tmp_path: Path) -> None:
    multipliers_page(rows, tmp_path / "again.html", title="Multipliers", about={"operands": HOSTILE})
    assert (tmp_path / "again.html").read_bytes() == page.read_bytes()
    found = re.search(r'id="adequate-data">(.*?)</script>', page.read_text(), re.DOTALL)
    assert found is not None
    assert json.loads(found[1])["title"] == "Multipliers"
