"""The report of a search, finished or not, from what is in its folder."""

from typing import Any

from adequate.design import Design
from adequate.evaluation import Score, proportion
from adequate.exploring import Search, searched
from adequate.network import Network
from adequate.reporting import Facts, report
from adequate.run import Run


def write_search_report(run: Run, network: Network | None) -> None:
    """Writes the report: about the design that was picked, else the cheapest within the margin, else the search alone.

    Raises:
        ValueError: the folder holds no search, or a file of it is corrupt.
        OSError: a file is missing or the report cannot be written.
        StoreError: the trials cannot be read.
    """
    known, found = run.facts(), searched(run)
    identity, results = known["identity"], known.get("results")
    design, label = _about(run, found, identity["margin"])
    tested = found.tested.get(design.digest)
    told = Facts(
        model=identity.get("model", "network"),
        data=identity.get("data", ""),
        margin=identity["margin"],
        accuracies={} if tested is None else {label: _score(tested)},
        commands=tuple(known.get("commands", ())),
        reference=found.reference,
        costs=run.costs_file.name if run.costs_file.exists() else None,
    )
    baseline = None if not results else _score({"accuracy": results["baseline"], "images": results["images"]})
    ranges, _ = run.ranges()
    report(found.result, run.report_file, network=network, ranges=ranges, facts=told, design=design, baseline=baseline)


def _about(run: Run, found: Search, margin: float) -> tuple[Design, str]:
    """A design and what to call it."""
    if run.design_file.exists():
        return Design.load(run.design_file), "picked"
    best = found.cheapest(margin)
    return (Design(), "") if best is None else (best.design, "cheapest within the margin")


def _score(figures: dict[str, Any]) -> Score:
    return proportion(round(figures["accuracy"] * figures["images"]), figures["images"])
