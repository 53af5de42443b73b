"""The watch sees every misdeed, so that its silence about our readers means something."""

from pathlib import Path

import pytest

from tests.fuzzing.bad_doors import DOORS, LIMIT, UNCHANGED
from tests.fuzzing.campaign import Campaign, run
from tests.fuzzing.cases import TIMES, case
from tests.fuzzing.seeds import Seed

GOOD = {"reads": "read", "refuses": "refused"}
WRONG = {
    "raises KeyError": "raised KeyError",
    "does not name the file": "the message does not name the file",
    "says nothing": "the message does not name the file",
    "says two lines": "the message is not one line of printable characters",
    "sleeps": "took too long",
    "wants memory": "wanted more than 268,435,456 bytes",
    "hides that it wants memory": "wanted more than 268,435,456 bytes",
    "holds memory": "held ",
    "reads elsewhere": "touched what is not its own: open '/etc/hostname'",
    "hides that it reads elsewhere": "touched what is not its own: open '/etc/hostname'",
    "follows a link": "touched what is not its own: open ",
    "writes": "touched what is not its own: open ",
    "lists": "touched what is not its own: os.listdir '/etc'",
    "removes": "touched what is not its own: os.remove",
    "starts a process": "touched what is not its own: ",
    "calls the shell": "touched what is not its own: os.system",
    "evaluates": "touched what is not its own: ",
    "dies": "ended the process (-11)",
    "exits": "raised SystemExit",
    "prints": "printed something",
}


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Every bad reader once, those that take their time or the process with them last, and a good one behind."""
    names = sorted(DOORS, key=lambda name: (name in ("sleeps", "dies"), name))
    seeds = [Seed(name, name, {"file.bin": UNCHANGED}) for name in [*names, "reads"]]
    return run(
        seeds,
        range(0, TIMES * len(seeds), TIMES),
        tmp_path_factory.mktemp("campaign"),
        doors="tests.fuzzing.bad_doors",
        limit=LIMIT,
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", DOORS)
def test_every_misdeed_is_seen(campaign: Campaign, name: str) -> None:
    assert GOOD.keys() | WRONG.keys() == DOORS.keys()
    one = next(outcome for outcome in campaign.outcomes if outcome.seed == f"{name}, {name}")
    assert one.failed == (name in WRONG)
    assert one.result.startswith({**GOOD, **WRONG}[name])


def test_a_case_is_its_number(tmp_path: Path) -> None:
    seeds = [Seed("a", "a", {"a.json": b'{"x": [1, 2.5, "y"]}'}), Seed("b", "b", {"b.bin": bytes(range(256))})]
    cases = [case(seeds, number) for number in range(40)]
    assert cases == [case(seeds, number) for number in range(40)]
    assert len({tuple(one.files.items()) for one in cases}) > 30
