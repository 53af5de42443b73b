"""A network, its design and the operands of a few images: what accelerators are asked about."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import DATA, ComputeOptions, DataOptions, DesignOptions, ModelOptions, data_dir_option

if TYPE_CHECKING:
    from adequate.accelerators import Operands
    from adequate.cli.progress import Progress
    from adequate.design import Design
    from adequate.network import Network


@dataclass(frozen=True)
class SampleOptions:
    """Which images the operands are taken on; without any, accelerators know shapes and word lengths alone."""

    data: Annotated[
        str | None,
        typer.Option(
            metavar="DATA",
            help="Images for machines that read values: a data set's name (mnist, ...), a folder or module:callable.",
            rich_help_panel=DATA,
        ),
    ] = None
    data_dir: Annotated[Path | None, data_dir_option()] = None
    images: Annotated[
        int, typer.Option(metavar="N", min=1, help="So many training images, seeded.", rich_help_panel=DATA)
    ] = 1


@dataclass(frozen=True)
class Sampled:
    """``operands`` are None without data; ``facts`` say in words what was taken."""

    network: "Network"
    design: "Design"
    operands: "Operands | None"
    named: dict[str, Any]
    facts: dict[str, str]


def sampled(
    model: ModelOptions, sample: SampleOptions, design: DesignOptions, compute: ComputeOptions, progress: "Progress"
) -> Sampled:
    """The network with its design, and its operands on some calibration images if there are data.

    Raises:
        Misuse: neither ``--design`` nor ``--bits``, and the file brings none along.
        OSError, ValueError: as ``open_subject``.
    """
    return _alone(model, design, progress) if sample.data is None else _with(model, sample, design, compute, progress)


def _alone(model: ModelOptions, options: DesignOptions, progress: "Progress") -> Sampled:
    """By shapes and word lengths: where there are no images, no range says where the binary point is."""
    from adequate.cli.designs import OF_THE_FILE, fitting_design
    from adequate.cli.models import network_alone
    from adequate.formats import Fixed

    network, brought = network_alone(model, progress)
    if options.design is not None:
        return Sampled(
            network,
            fitting_design(options.design, network),
            None,
            {"design": str(options.design)},
            {"network": f"{model.model}, design {options.design}"},
        )
    if options.bits is not None:
        word = Fixed(options.bits, 0)
        names = [one.name for one in network.multiplying]
        uniform = brought.with_layers(names, input=word, weight=word, output=word, multiplier=None, accumulator=None)
        return Sampled(
            network, uniform, None, {"bits": options.bits}, {"network": f"{model.model}, words of {options.bits} bits"}
        )
    if brought:
        return Sampled(
            network, brought, None, {"design": OF_THE_FILE}, {"network": f"{model.model}, design of the file"}
        )
    raise _no_design()


def _with(
    model: ModelOptions, sample: SampleOptions, options: DesignOptions, compute: ComputeOptions, progress: "Progress"
) -> Sampled:
    from torch import Generator

    from adequate.cli.designs import arithmetic
    from adequate.cli.output import plural, rewritten
    from adequate.cli.subject import open_subject
    from adequate.sampled_operands import operands

    assert sample.data is not None
    subject = open_subject(model, DataOptions(sample.data, sample.data_dir), compute, progress)
    chosen = arithmetic(options, subject, compute.seed, progress)
    if chosen.design is None:
        raise _no_design()
    network = chosen.subject.network
    progress.stage("operands")
    split = chosen.subject.data.calibration(Generator().manual_seed(compute.seed))
    images, _ = next(iter(split.first(min(sample.images, len(split)))))
    taken = operands(network, chosen.design, images[: sample.images])
    facts = {
        "network": f"{model.model}, {chosen.described}",
        **rewritten(network.rewrites),
        "operands": f"of {plural(len(images), 'training image')} of {sample.data}, seed {compute.seed}",
    }
    return Sampled(network, chosen.design, taken, {**chosen.named, "images": taken.images}, facts)


def _no_design() -> Misuse:
    return Misuse("cost is that of a design: give --design FILE or --bits B")
