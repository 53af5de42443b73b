"""The arithmetic a command works in: of ``--design`` or ``--bits``, else the one a file brings along."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.markup import escape
from torch import Generator

from adequate.calibration import Calibration, entropy, least_squared_error, min_max, percentile
from adequate.cli.errors import Misuse
from adequate.cli.options import Covered, DesignOptions
from adequate.cli.output import plural
from adequate.cli.progress import Progress
from adequate.cli.subject import Subject
from adequate.design import Design
from adequate.emulated_layer import check
from adequate.exploration.rules import dynamic_fixed
from adequate.network import Network
from adequate.profiling import profile

OF_THE_FILE = "of the file"
"""What the design that a file brings along is called in answers."""

CALIBRATIONS: dict[Covered | None, Calibration] = {
    Covered.MIN_MAX: min_max,
    Covered.PERCENTILE: percentile(0.9999),
    Covered.LEAST_SQUARED_ERROR: least_squared_error,
    Covered.ENTROPY: entropy,
}


@dataclass(frozen=True)
class Arithmetic:
    """A subject, rewritten as the design wants it; None is full precision. ``named`` and ``described`` say which."""

    subject: Subject
    design: Design | None
    named: dict[str, Any]
    described: str


def arithmetic(options: DesignOptions, subject: Subject, seed: int, progress: Progress) -> Arithmetic:
    """What ``--design`` or ``--bits`` say, with batch normalisation folded; without either, the file's own design.

    A file's design speaks of the file's layers, batch normalisation among them: there, nothing is folded.

    Raises:
        Misuse: both are given, or a calibration without ``--bits``.
        ValueError: as ``fitting_design``.
    """
    if options.design is not None and options.bits is not None:
        raise Misuse("give --design or --bits, not both")
    if options.calibration is not None and options.bits is None:
        raise Misuse("--calibration is for --bits")
    if options.design is not None:
        folded = subject.folded
        named = {"design": str(options.design)}
        return Arithmetic(folded, fitting_design(options.design, folded.network), named, f"design {options.design}")
    if options.bits is not None:
        progress.stage("dynamic ranges")
        folded = subject.folded
        calibration = folded.data.calibration(Generator().manual_seed(seed))
        ranges = profile(folded.network, progress.counting(calibration))
        design = dynamic_fixed(ranges, options.bits, calibration=CALIBRATIONS.get(options.calibration))
        described = f"dynamic fixed point of {options.bits} bits"
        if options.calibration is None:
            return Arithmetic(folded, design, {"bits": options.bits}, described)
        named = {"bits": options.bits, "calibration": options.calibration.value}
        return Arithmetic(folded, design, named, f"{described}, {options.calibration.value}")
    if subject.design:
        return Arithmetic(subject, subject.design, {"design": OF_THE_FILE}, "design of the file")
    return Arithmetic(subject, None, {}, "full precision")


def multipliers(design: Design | None) -> dict[str, str]:
    """The multiplier of every layer that has one, as text."""
    return {name: str(one.multiplier) for name, one in (design or {}).items() if one.multiplier is not None}


def listed_multipliers(design: Design | None) -> dict[str, str]:
    """One fact that lists the multipliers, in how many layers each; none without."""
    counted = Counter(multipliers(design).values())
    lines = [f"{escape(text)} in {plural(count, 'layer')}" for text, count in counted.items()]
    return {"multipliers": "\n".join(lines)} if lines else {}


def fitting_design(file: Path, network: Network) -> Design:
    """The design in a file, for this network.

    Raises:
        ValueError: the file is no design, or one for another network.
    """
    design = Design.load(file)
    try:
        check(network, design)
    except ValueError as error:
        raise ValueError(f"{file} does not fit the network: {error}") from error
    return design
