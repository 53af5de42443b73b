"""No file surprises a reader: it is read, or refused in one line that names it, soon, in little memory, alone."""

from collections import Counter
from pathlib import Path

import pytest

from tests.fuzzing.campaign import run
from tests.fuzzing.generated import all_seeds, quick_seeds


def test_some_mutated_files(tmp_path: Path) -> None:
    campaign = run(quick_seeds(), range(80), tmp_path)
    assert not campaign.failures, str(campaign)


@pytest.mark.slow
def test_ten_thousand_mutated_files(tmp_path: Path) -> None:
    campaign = run(all_seeds(), range(10_000), tmp_path)
    print(campaign)
    assert not campaign.failures, str(campaign)
    read = Counter(outcome.result for outcome in campaign.outcomes)["read"]
    assert 1_000 < read < 9_000, "mutations that all readers take, or none, find nothing"
