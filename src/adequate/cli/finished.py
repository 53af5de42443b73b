"""What condense and finetune share: a run that goes on, its report, and how its result is shown."""

from dataclasses import replace
from typing import Any

import typer
from rich.markup import escape
from rich.table import Table

from adequate.cli.amounts import percent
from adequate.cli.options import ComputeOptions, OutputOptions
from adequate.cli.output import answer, answer_json, facts, interval, plural, rewritten, table
from adequate.cli.torchrun import typed
from adequate.condensing import Condensed
from adequate.design import Design
from adequate.evaluation import proportion
from adequate.exploration import Front, Result, Store
from adequate.network import Network
from adequate.reporting import Facts, report
from adequate.run import Run

ONLY_HOW_IT_TALKS = ("--json", "--debug")

SHOWN = ("model", "data", "margin", "format", "design_of_file")
"""What is told of a run's identity."""


def as_typed(context: typer.Context) -> str | None:
    """The command as it was typed, without what only says how it talks."""
    if context.obj is None:
        return None
    return typed([one for one in context.obj if one not in ONLY_HOW_IT_TALKS])


def resumed(run: Run, compute: ComputeOptions) -> ComputeOptions:
    """A run that goes on has as many threads as it began with, unless others are asked for: sums depend on them."""
    begun_with = run.facts().get("identity", {}).get("threads")
    return replace(compute, threads=begun_with) if compute.threads is None else compute


def show(run: Run, found: Condensed, output: OutputOptions) -> None:
    """Answers with what a run found."""
    identity = run.facts()["identity"]
    asked = {key: identity[key] for key in SHOWN if key in identity}
    counts = {"evaluations": found.result.evaluations, "reused": found.result.reused}
    files = {"design": run.design_file, "weights_file": run.weights_file, "report": run.report_file}
    if output.json:
        answer_json({**asked, **found.figures, **counts, **{name: str(path) for name, path in files.items()}})
        return
    certainty = f"{interval(found.accuracy.interval)}, {found.accuracy.images:,} test images"
    rows = {
        "accuracy": f"{percent(found.accuracy)}  ({certainty})",
        "full precision": f"{percent(found.baseline)}  ({interval(found.baseline.interval)})",
        **({"before fine-tuning": percent(found.before)} if found.epochs else {}),
        "on validation": f"{percent(found.validation_accuracy)}  (full precision {percent(found.validation_baseline)})",
        **_sizes(found.figures),
        **rewritten(found.network.rewrites),
        **({"design of the file": identity["design_of_file"]} if "design_of_file" in identity else {}),
        "fine-tuning": plural(found.epochs, "epoch") if found.epochs else "none",
        "designs tried": f"{counts['evaluations']:,}, and {counts['reused']:,} remembered",
        "design": str(run.design_file),
        "its weights": str(run.weights_file),
        "report": str(run.report_file),
    }
    title = f"{identity['model']} on {identity['data']}" if "model" in identity else str(run.folder)
    answer(f"\n{title}", _layers(found.network, found.design), facts(rows))
    lost = 100 * (found.baseline - found.accuracy)
    if lost > identity.get("margin", lost):
        answer(
            f"\nnote: {lost:.2f} points are lost on the test images, more than the margin of {identity['margin']:g}, "
            "which held on the validation images the choice was made on"
        )


def write_report(run: Run, network: Network | None) -> None:
    """The report of a finished run, from what is in its folder; ``network`` gives shapes and memory.

    Raises:
        ValueError: the run is not finished, or a file of it is corrupt.
        OSError: a file is missing or the report cannot be written.
        StoreError: the trials cannot be read.
    """
    known = run.facts()
    if not known:
        raise ValueError(f"{run.folder} is no folder of a run: it has no {run.facts_file.name}")
    identity, results = known["identity"], known.get("results")
    commands = tuple(known.get("commands", ()))
    if not results:
        again = f"; go on with: {commands[-1]}" if commands else ""
        raise ValueError(f"the run in {run.folder} is not finished{again}")
    design = Design.load(run.design_file)
    with Store(run.trials_file) as store:
        trials = tuple(trial for trial in store.trials(identity["context"]) if trial.split != "test")
    front = Front.of([trial for trial in trials if trial.split == "validation"], ("stored_bits",))
    ranges, _ = run.ranges()

    def score(name: str) -> Any:
        return proportion(round(results[name] * results["images"]), results["images"])

    epochs = results["epochs"]
    after = f"after {plural(epochs, 'epoch')} of fine-tuning"
    measured = (
        {"before fine-tuning": score("before"), after: score("accuracy")} if epochs else {"emulated": score("accuracy")}
    )
    told = Facts(
        model=identity.get("model", "network"),
        data=identity.get("data", ""),
        margin=identity.get("margin"),
        accuracies=measured,
        commands=commands,
        costs=run.costs_file.name if run.costs_file.exists() else None,
    )
    result = Result(design, front, trials, len(trials), 0)
    report(
        result, run.report_file, network=network, ranges=ranges, facts=told, design=design, baseline=score("baseline")
    )


def _sizes(figures: dict[str, Any]) -> dict[str, str]:
    widths = "/".join("float" if bits is None else str(bits) for bits in figures["widths"].values())
    bits, weights = figures["stored_bits"], figures["weights"]
    smaller = f"{32 * weights / max(bits, 1):.1f} times smaller"
    return {
        "bits": f"{widths}  (layer outputs / convolution weights / fully connected weights)",
        "weights": f"{bits:,} bits, {figures['bits_per_weight']:.2f} per weight: {smaller}",
    }


def _layers(network: Network, design: Design) -> Table:
    """The layers that the design changes."""
    multiplied = ("multiplier",) if any(one.multiplier for one in design.values()) else ()
    shown = table("layer", "operation", "weights", "input", "weight", *multiplied, "output", numbers=("weights",))
    for layer in network.layers:
        chosen = design[layer.name]
        if chosen:
            slots = (
                escape(str(getattr(chosen, slot) or ("exact" if slot == "multiplier" else "float")))
                for slot in ("input", "weight", *multiplied, "output")
            )
            shown.add_row(layer.name, layer.operation, f"{layer.weights:,}" if layer.multiplies else "", *slots)
    return shown
