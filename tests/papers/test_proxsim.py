"""ProxSim's experiment on published tables, in small: what a coarse multiplier costs LeNet comes back."""

from pathlib import Path

import pytest

from adequate.studies import proxsim
from adequate.studies.page import write_page
from adequate.studies.proxsim import Row
from adequate.studies.table import cells, markdown

ROWS = [
    Row("lenet", "exact", 0.0, 0.391, 0.99, 0.989, 0.989, 0.989, None),
    Row("lenet", "<rough>", 2.5, 0.03, 0.99, 0.989, 0.6, 0.7, 0.985),
    Row("lenet", "unpriced", 3.0, None, 0.99, 0.989, 0.4, 0.5, 0.9),
]


@pytest.mark.slow
def test_lenet_with_three_tables(tmp_path: Path, data_root: Path) -> None:
    rows, figures = proxsim.run(tmp_path, quick=True, data_dir=data_root)
    by_name = {row.multiplier: row for row in rows}
    assert tuple(by_name) == proxsim.QUICK
    harmless, rough, ruinous = rows
    assert harmless.exact - harmless.approximate <= proxsim.TOLERATED
    assert harmless.retrained is None
    for row in (rough, ruinous):
        assert row.retrained is not None
        assert row.retrained > row.approximate
    assert ruinous.exact - ruinous.approximate > 0.05
    assert [figure.name for figure in figures] == ["lenet, by error", "lenet, by power"]
    assert proxsim.run(tmp_path, quick=True, data_dir=data_root)[0] == rows


def test_a_row_says_nothing_where_nothing_was_measured() -> None:
    head, *body = cells(ROWS)
    assert len(head) == len(body[0]) == 9
    assert body[0][-1] == ""
    assert body[2][3] == ""
    assert body[1][4:] == ("99.00", "98.90", "60.00", "70.00", "98.50")
    assert len(markdown(ROWS).splitlines()) == 5


def test_plots_leave_out_the_exact_multiplier_and_names_are_escaped(tmp_path: Path) -> None:
    by_error, by_power = proxsim.figures_of("lenet", ROWS)
    assert by_error.labels == ("<rough>", "unpriced")
    assert by_power.labels == ("<rough>",)
    assert dict(by_power.lines)["retrained"] == ((0.03, 0.985),)
    write_page(tmp_path / "page.html", "a study", ROWS, [by_error, by_power])
    assert "<rough>" not in (tmp_path / "page.html").read_text()


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(ValueError, match="no such network 'vgg'; there are lenet, resnet20"):
        proxsim.run(Path("unused"), tables=("vgg",))
