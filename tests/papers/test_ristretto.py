"""Gysel, "Ristretto" (2016): the printed results, ours beside them, on the networks whose weights are at hand."""

from dataclasses import replace
from pathlib import Path

import pytest

from adequate.studies import ristretto, ristretto_recipes
from adequate.studies.page import Figure, merged, write_page
from adequate.studies.ristretto import SUBJECTS
from adequate.studies.ristretto_tables import CIFAR, LENET, published
from adequate.studies.study import Row
from adequate.studies.table import markdown, write_between

POINT = 0.01


SHORTER = {("5.2",): 2, ("4.1",): 1, ("6.1", "7.1"): 0}
"""Epochs that are enough for the rows of some tables, where the study takes three."""


@pytest.fixture(scope="module")
def lenet(tmp_path_factory: pytest.TempPathFactory, data_root: Path) -> dict[str, Row]:
    """LeNet's measured rows by arithmetic on the 10,000 test images, an hour of work sooner than the study has them.

    Recipes are chosen on 4,000 images instead of 15,000 and trained for fewer epochs; the losses wanted are the same.
    """
    folder = tmp_path_factory.mktemp("ristretto")
    found: list[Row] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ristretto_recipes, "TRIED_ON", 4_000)
        for tables, epochs in SHORTER.items():
            patch.setattr(ristretto, "SUBJECTS", [replace(one, epochs=epochs) for one in SUBJECTS])
            found += ristretto.run(
                folder, tables=tables, networks=(LENET,), sweeps=False, tune=epochs > 0, data_dir=data_root
            )[0]
    return {row.arithmetic: row for row in found if row.network == LENET}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arithmetic", "before", "after"),
    [
        ("dynamic 4/4/4", 0.6, 0.20),
        ("dynamic 4/2/2", None, 0.40),
        ("minifloat 8 bit (e4m3)", 0.15, None),
        ("power-of-two weights 4 bit", 0.15, None),
        ("static 8 bit (Q4.4)", None, 99.15 - 98.88),
    ],
)
def test_lenet_loses_no_more_points_than_wanted(
    lenet: dict[str, Row], arithmetic: str, before: float | None, after: float | None
) -> None:
    """The wanted losses are the project's own, but for static fixed point: there they are what the thesis lost.

    Minifloats and powers of two lose so little untrained that they need not be trained here.
    """
    row = lenet[arithmetic]
    assert row.baseline == 0.9905
    assert row.before is not None
    assert before is None or row.baseline - row.before <= before * POINT + 1e-9
    if after is not None:
        assert row.after is not None
        assert row.baseline - row.after <= after * POINT + 1e-9


@pytest.mark.slow
@pytest.mark.xfail(
    strict=True,
    reason="other weights than the thesis' (99.05, not 99.15 %): Q4.4 costs them 12.58 points untuned, not 10.25",
)
def test_static_fixed_point_loses_no_more_than_in_print_without_fine_tuning(lenet: dict[str, Row]) -> None:
    row = lenet["static 8 bit (Q4.4)"]
    assert row.baseline is not None
    assert row.before is not None
    assert row.baseline - row.before <= row.published_baseline - 0.8890 + 1e-9


@pytest.mark.slow
def test_cifar_in_eight_bits_loses_little_without_fine_tuning(
    tmp_path: Path, data_root: Path, cifar10_dir: Path
) -> None:
    root = tmp_path / "data"
    root.mkdir()
    (root / "models").symlink_to(data_root / "models")
    (root / "cifar10").symlink_to(cifar10_dir)
    rows, _ = ristretto.run(
        tmp_path / "run", tables=("5.2",), networks=(CIFAR,), sweeps=False, tune=False, data_dir=root
    )
    [row] = [row for row in rows if row.network == CIFAR]
    assert row.baseline == 0.828
    assert row.before is not None
    assert row.baseline - row.before <= 1.5 * POINT


def test_every_printed_row_stays_in_the_table() -> None:
    """What the thesis prints: 3 + 36 + 6 + 3 + 3 results; its LeNet baseline is 99.15 %, in table 5.1 99.1 %."""
    rows = published()
    assert len(rows) == 51
    assert {row.published_baseline for row in rows if row.network == LENET} == {0.9915, 0.991}
    assert all(row.note for row in rows if row.network not in (LENET, CIFAR))
    assert len(markdown(rows).splitlines()) == 53


def test_difference_compares_losses_not_accuracies() -> None:
    row = Row("5.2", LENET, "dynamic 4/4/4", 0.9915, 0.9872, 0.9895, baseline=0.9905, before=0.9873, after=0.9884)
    assert row.difference == pytest.approx(-0.01)
    assert row.to_json()["published"] == 0.9895
    untuned = Row("5.1", LENET, "fc 2 bit", 0.991, 0.987, None, baseline=0.9905, before=0.9880)
    assert untuned.difference == pytest.approx(0.15)
    assert Row("5.1", "CaffeNet", "fc 2 bit", 0.569, 0.001, None).difference is None


def test_tables_are_written_between_their_marks(tmp_path: Path) -> None:
    page = tmp_path / "papers.md"
    page.write_text("above\n<!-- ristretto:begin -->\nold\n<!-- ristretto:end -->\nbelow\n")
    write_between(page, "ristretto", "new\n")
    assert page.read_text() == "above\n<!-- ristretto:begin -->\nnew\n<!-- ristretto:end -->\nbelow\n"
    page.write_text("no marks")
    with pytest.raises(ValueError, match="no marks"):
        write_between(page, "ristretto", "new\n")
    assert page.read_text() == "no marks"


def test_figures_of_one_name_share_one_plot(tmp_path: Path) -> None:
    a, b = (Figure("4.3", "static", ((name, ((8, 0.9), (16, 1.0))),)) for name in (LENET, "<b>"))
    [figure] = merged([a, b])
    assert [name for name, _ in figure.lines] == [LENET, "<b>"]
    write_page(tmp_path / "page.html", "a study", published(), [figure])
    page = (tmp_path / "page.html").read_text()
    assert page.count("<tr>") == 52
    assert "<h2>Figure 4.3: static</h2>" in page
    assert '"name":"<b>"' not in page


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(ValueError, match=r"no such table '9\.9'"):
        ristretto.run(Path("unused"), tables=("9.9",))
