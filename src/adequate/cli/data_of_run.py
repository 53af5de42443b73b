"""The images that a run was about."""

from pathlib import Path

from torch import Generator, Tensor

from adequate.cli.errors import Misuse
from adequate.cli.images import ChannelsLast, preparation
from adequate.cli.models import zoo_entry
from adequate.cli.options import DataOptions
from adequate.data import load
from adequate.run import Run


def images_of(run: Run, count: int, data_dir: Path | None) -> Tensor:
    """The first test images, as the run's network reads them.

    Raises:
        Misuse: the run does not say which data it had, or a mean image was subtracted.
        OSError, ValueError: the data are not there or corrupt.
    """
    identity = run.facts().get("identity", {})
    if "data" not in identity:
        raise Misuse(f"{run.folder} does not say which data it is about")
    data = load(identity["data"], data_dir)
    if identity.get("split_seed") is not None:
        data = data.halved(Generator().manual_seed(identity["split_seed"]))
    known = zoo_entry(identity["model"])
    if known is not None:
        prepared = known.prepare(data)
    else:
        asked = identity.get("preprocessing", {})
        prepare = preparation(DataOptions(identity["data"], **asked), data)
        prepared = data.with_transform(ChannelsLast(prepare) if identity.get("layout") == "nhwc" else prepare)
    chosen = prepared.test.first(min(count, len(prepared.test)))
    images, _ = next(iter(chosen.batches(len(chosen))))
    return images
