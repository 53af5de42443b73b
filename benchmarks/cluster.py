"""How much faster trials run on a Ray cluster of two local nodes, one core each, than in one process: LeNet, MNIST."""

import json
import os
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from statistics import median
from time import perf_counter
from typing import Any

import ray
import torch
from lenet import random_designs, trained_lenet
from ray.cluster_utils import Cluster

import adequate as aq
from adequate.cluster import ray_map

IMAGES, DESIGNS, ROUNDS = 1_000, 40, 3
NICE = {"RAY_worker_niceness": "0"}
"""Ray's own is 15: on a machine that is not idle its workers would wait while this process does not."""

STORE_BYTES = 200 * 10**6


@dataclass(frozen=True)
class Scored:
    """The accuracy of a design on all images."""

    network: aq.Network
    images: aq.Split

    def __call__(self, design: aq.Design) -> dict[str, float]:
        return {"accuracy": float(aq.evaluate(aq.emulate(self.network, design), self.images))}


def subject() -> tuple[Scored, list[aq.Design]]:
    """What scores a design of LeNet, and the designs."""
    network, data = trained_lenet()
    return Scored(network, data.test.first(IMAGES)), random_designs(network, data, DESIGNS)


def asking(designs: list[aq.Design]) -> Generator[list[aq.Design], list[aq.Trial], None]:
    """One batch."""
    yield designs


def seconds(map: Callable[..., Any], trial: Scored, designs: Sequence[aq.Design]) -> tuple[float, tuple[aq.Trial, ...]]:
    """How long the trials take, and they."""
    began = perf_counter()
    result = aq.search(asking(list(designs)), trial, map=map)
    return perf_counter() - began, result.trials


class Alone:
    """LeNet in a plain process that nothing is sent to but designs."""

    trial: Scored

    @classmethod
    def begin(cls) -> None:
        """What a process needs."""
        torch.set_num_threads(1)
        cls.trial, _ = subject()


def plainly(design: aq.Design) -> float:
    """The accuracy, in a process that has begun."""
    return Alone.trial(design)["accuracy"]


def plain_seconds(pool: ProcessPoolExecutor, designs: Sequence[aq.Design]) -> float:
    """How long the trials take in plain processes: what the machine itself gives."""
    began = perf_counter()
    list(pool.map(plainly, designs))
    return perf_counter() - began


def main() -> None:
    """In turn in this process, in two plain ones and on the cluster, after a batch that has every worker started."""
    torch.set_num_threads(1)
    os.environ |= NICE
    trial, designs = subject()
    cluster = Cluster()
    try:
        for _ in range(2):
            cluster.add_node(num_cpus=1, object_store_memory=STORE_BYTES, include_dashboard=False)
        cluster.wait_for_nodes()
        ray.init(cluster.address, log_to_driver=False, logging_level="ERROR")
        with ray_map() as two, ProcessPoolExecutor(2, get_context("spawn"), Alone.begin) as pool:
            started, _ = seconds(two, trial, designs[:8])
            plain_seconds(pool, designs[:8])
            alone, together, plain = [], [], []
            for _ in range(ROUNDS):
                plain.append(plain_seconds(pool, designs))
                for times, map_ in ((alone, map), (together, two)):
                    taken, trials = seconds(map_, trial, designs)
                    times.append((taken, trials))
    finally:
        ray.shutdown()
        cluster.shutdown()
    ratios = [a / b for (a, _), (b, _) in zip(alone, together, strict=True)]
    ceilings = [a / b for (a, _), b in zip(alone, plain, strict=True)]
    print(
        json.dumps(
            {
                "figure": f"LeNet trials on {IMAGES} images: one process / 2 nodes x 1 core, wall time",
                "designs": DESIGNS,
                "same_trials": all(trials == alone[0][1] for _, trials in (*alone, *together)),
                "trials_a_minute_alone": round(60 * DESIGNS / median(taken for taken, _ in alone), 1),
                "speedup": round(median(ratios), 3),
                "of_rounds": [round(ratio, 3) for ratio in ratios],
                "of_two_plain_processes": [round(ratio, 3) for ratio in ceilings],
                "first_batch_seconds": round(started, 2),
            }
        )
    )


if __name__ == "__main__":
    main()
