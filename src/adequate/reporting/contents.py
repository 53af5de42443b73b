"""Everything a report says, as plain data: what is shown and the JSON beside it are both made from this."""

import json
from collections.abc import Mapping
from typing import Any

from adequate.design import Design
from adequate.design.json import design_to_json
from adequate.emulated_layer import computes_in_float
from adequate.evaluation import Score
from adequate.exploration import Result, Trial
from adequate.network import Network
from adequate.profiling import LayerRanges, Range, Ranges
from adequate.reporting.anatomy import below, beyond
from adequate.reporting.facts import Facts
from adequate.reporting.memory import FLOAT_BITS, memory, stored_bits
from adequate.reporting.searched import searched

SLOTS = ("input", "weight", "output")


def contents(
    result: Result,
    network: Network | None,
    ranges: Ranges | None,
    facts: Facts,
    design: Design,
    baseline: float | None,
) -> dict[str, Any]:
    """The numbers of a report; infinite ones, which JSON has not, are None."""
    layers = _layers(network, ranges, design)
    plain = {
        "adequate_report": 1,
        "model": facts.model,
        "data": facts.data,
        "margin_points": facts.margin,
        "accuracy": _accuracy(result, facts, design, baseline),
        "memory": None if network is None else _memory(network, design),
        "layers": layers,
        "rewrites": [] if network is None else list(network.rewrites),
        "trials": [_trial(trial, network) for trial in result.trials],
        "wanted_validation_accuracy": _wanted(result, facts),
        "front": {
            "objectives": list(result.front.objectives),
            "trials": [result.trials.index(trial) + 1 for trial in result.front],
        },
        "search": searched(result, [layer["name"] for layer in layers]),
        "digest": design.digest,
        "design": json.loads(design_to_json(design)),
        "commands": list(facts.commands),
        "costs": facts.costs,
    }
    return json.loads(json.dumps(plain), parse_constant=lambda _: None)


def _accuracy(result: Result, facts: Facts, design: Design, baseline: float | None) -> dict[str, Any] | None:
    """Before and after: what was measured on purpose, else what the search saw."""
    measured: Mapping[str, float] = facts.accuracies
    split = facts.split
    if baseline is None and not measured:
        seen = [trial for trial in result.trials if trial.split == "validation" and "accuracy" in trial.figures]
        found = {
            "emulated" + (f", {trial.epochs} epochs" if trial.epochs else ""): trial.accuracy
            for trial in sorted(seen, key=lambda trial: trial.epochs)
            if trial.design == design
        }
        baseline = _full_precision(result, facts)
        measured, split = (found if design else {}), "validation"
    rows = [*([("full precision", baseline)] if baseline is not None else []), *measured.items()]
    if not rows:
        return None
    final = rows[-1][1] if measured else None
    return {
        "split": split,
        "baseline": baseline if baseline is None else float(baseline),
        "final": final if final is None else float(final),
        "change_points": None if baseline is None or final is None else 100 * (float(final) - float(baseline)),
        "measured": [{"label": label, "accuracy": float(value)} | _interval(value) for label, value in rows],
    }


def _interval(value: float) -> dict[str, Any]:
    return {"interval": list(value.interval), "images": value.images} if isinstance(value, Score) else {}


def _memory(network: Network, design: Design) -> dict[str, Any]:
    found = memory(network, design)
    return {
        "weights": found.weights,
        "weight_bits": found.weight_bits,
        "weight_float_bits": FLOAT_BITS * found.weights,
        "bits_per_weight": found.bits_per_weight,
        "weights_smaller": FLOAT_BITS * found.weights / max(found.weight_bits, 1),
        "activations": found.activations,
        "activation_bits": found.activation_bits,
        "activation_float_bits": FLOAT_BITS * found.activations,
        "bits_per_activation": found.bits_per_activation,
        "activations_smaller": FLOAT_BITS * found.activations / max(found.activation_bits, 1),
    }


def _layers(network: Network | None, ranges: Ranges | None, design: Design) -> list[dict[str, Any]]:
    """In execution order where it is known; layers that only the design names come last."""
    known = [layer.name for layer in network.layers] if network is not None else list(ranges or ())
    return [_layer(name, network, ranges, design) for name in dict.fromkeys((*known, *design))]


def _layer(name: str, network: Network | None, ranges: Ranges | None, design: Design) -> dict[str, Any]:
    around = ranges[name] if ranges is not None and name in ranges else LayerRanges("")
    layer = network[name] if network is not None and name in network else None
    chosen = design[name]
    operation = layer.operation if layer is not None else around.operation
    slots = {
        slot: {
            "format": None if (format := getattr(chosen, slot)) is None else str(format),
            "bits": None if format is None else format.bits,
            "range": None if (seen := getattr(around, slot)) is None else _range(seen),
            "beyond": None if seen is None or format is None else beyond(seen, format),
            "below": None if seen is None or format is None else below(seen, format),
        }
        for slot in SLOTS
    }
    return {
        "name": name,
        "operation": operation,
        "weights": layer.weights if layer is not None and layer.multiplies else None,
        "macs": layer.macs if layer is not None else None,
        "output_shape": [size for size in layer.output_shape if size is not None] if layer is not None else None,
        "slots": slots,
        "multiplier": None if chosen.multiplier is None else str(chosen.multiplier),
        "accumulator": None if chosen.accumulator is None else str(chosen.accumulator),
        "approximated": bool(chosen),
        "float_inside": computes_in_float(operation, chosen, layer) if operation else not chosen,
    }


def _range(seen: Range) -> dict[str, Any]:
    return {
        "low": seen.low,
        "high": seen.high,
        "magnitude": seen.magnitude,
        "count": seen.count,
        "zeros": seen.zeros / max(seen.count, 1),
    }


def _trial(trial: Trial, network: Network | None) -> dict[str, Any]:
    bits = trial.figures.get("stored_bits")
    if bits is None and network is not None:
        bits = stored_bits(network, trial.design)
    return {
        "digest": trial.design.digest,
        "epochs": trial.epochs,
        "split": trial.split,
        "figures": dict(trial.figures),
        "stored_bits": bits,
        "summary": summary(trial.design),
    }


def summary(design: Design, most: int = 8) -> list[str]:
    """A design in a few lines, one per layer: input, weight and output format, and a multiplier or an accumulator."""
    lines = [
        f"{name}: "
        + " · ".join(str(getattr(one, slot) or "float") for slot in SLOTS)
        + "".join(f", {operator}" for operator in (one.multiplier, one.accumulator) if operator is not None)
        for name, one in list(design.items())[:most]
    ]
    more = len(design) - most
    return [*lines, *([f"and {more} more layers"] if more > 0 else [])] or ["full precision"]


def _wanted(result: Result, facts: Facts) -> float | None:
    """The validation accuracy a design has to keep: that of full precision less the margin."""
    full = _full_precision(result, facts)
    return None if full is None or facts.margin is None else full - facts.margin / 100


def _full_precision(result: Result, facts: Facts) -> float | None:
    """On the validation images, where it is known."""
    if facts.reference is not None:
        return facts.reference
    untuned = (trial for trial in result.trials if trial.split == "validation" and not trial.epochs)
    return next((trial.accuracy for trial in untuned if not trial.design), None)
