"""Laconic's accounting on real networks: less work at every step of skipping, and no claim that is not ours."""

from pathlib import Path

import pytest

from adequate.accelerators.work_reduction import KINDS_TOLD
from adequate.studies import laconic
from adequate.studies.laconic import AT_BEST, MACHINES, POTENTIAL


@pytest.mark.slow
def test_lenet_and_a_binary_network(data_root: Path, tmp_path: Path) -> None:
    rows, figures = laconic.run(tmp_path, quick=True, data_dir=data_root)
    assert not figures
    counted = [row for row in rows if row.table == "work"]
    work = {(row.machine, row.work, row.figure.removeprefix("times less, ")): row.ours for row in counted}
    for bits in ("16 bits", "8 bits"):
        found = {kind: work[bits, "lenet", text] for kind, text in KINDS_TOLD.items()}
        assert found["at_wt"] > max(found["wt"], found["w_at"])
        assert found["w_at"] >= found["at"] >= found["essential_bits"] > found["a"] > 1
        assert found["a_w"] >= max(found["a"], found["w"])
    assert {value for (bits, name, _), value in work.items() if name == "TFC_1W1A"} == {1.0}
    machines = [row for row in rows if row.table == "machines"]
    assert len(machines) == 2 * len(MACHINES) * 3
    assert all(row.published is None for row in machines)
    assert {row.published for row in counted} <= {None, POTENTIAL, AT_BEST}
    assert len(laconic.run(tmp_path, tables=("work",), quick=True, data_dir=data_root)[0]) == len(work)
