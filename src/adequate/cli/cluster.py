"""``--ray``: where trials are run."""

import builtins
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from adequate.cli.errors import Misuse
from adequate.cli.options import COMPUTE, ComputeOptions

if TYPE_CHECKING:
    from adequate.cli.progress import Progress
    from adequate.exploration.search import Map

HERE = "local"

RayOption = Annotated[
    str | None,
    typer.Option(
        "--ray",
        metavar="auto|local[:N]|HOST:PORT",
        help="Run trials on a Ray cluster: one started on this machine, N workers started now, or one elsewhere.",
        rich_help_panel=COMPUTE,
    ),
]


def with_workers(compute: ComputeOptions, ray: str | None) -> ComputeOptions:
    """On a cluster everybody computes with one thread unless others are asked for: sums depend on them."""
    return replace(compute, threads=1) if ray is not None and compute.threads is None else compute


@contextmanager
def trials_on(ray: str | None, compute: ComputeOptions, progress: "Progress") -> Iterator["Map"]:
    """The ``map`` that was asked for; None: this process.

    Raises:
        Misuse: a number of workers that is none.
        OSError: Ray is not installed, or there is no such cluster.
    """
    if ray is None:
        yield builtins.map
        return
    from adequate.cluster import ray_map

    kind, _, count = ray.partition(":")
    here = kind == HERE
    if here and count and not (count.isdecimal() and int(count)):
        raise Misuse(f"--ray {ray}: {count!r} is no number of workers from 1")
    progress.stage("Ray cluster")
    workers = int(count) if here and count else None
    with (
        redirect_stdout(sys.stderr),  # Ray tells there of nodes that it lost
        ray_map(None if here else ray, workers=workers, threads=compute.threads or 1) as cluster,
    ):
        yield cluster
