"""What the study of fronts looks at: networks, word lengths, machines, and how much is tried (ours)."""

from dataclasses import dataclass

from adequate.accelerators import Bitfusion, Stripes

BITS = tuple(range(2, 9))
MACHINES = (Bitfusion(), Stripes())
"""Machines whose energy follows the word lengths: of both operands, and of activations alone."""

OBJECTIVES = ("stored_bits", *(f"energy_pj@{one.name()}" for one in MACHINES))

LOSS = "loss"
"""Tells designs of the front apart that are right on the same number of images."""

MARGIN = 1.0
"""Points that Ristretto's design, and the designs picked from the front, may lose on the images chosen on."""

ALONE = (1.0, 0.85)
"""Of what each uniform design costs in one objective, the least loss is asked for (ours)."""

POPULATION = 40


@dataclass(frozen=True)
class Subject:
    """A network, its weights below the data folder, images to choose on, to learn losses from, to test on.

    ``measure`` is what a choice alone makes worse: the loss, or the noise of the answers, which moves with every bit
    also where the network is sure of images it was trained on. Of what each rival costs, ``shares`` in every objective
    at once are the budgets. ``trials`` are those of the evolutionary search, ``passes`` those that refine the ranges of
    one of Ristretto's designs.
    """

    zoo: str
    weights: str | None
    chosen_on: int
    learnt_from: int
    test: int
    measure: str
    shares: tuple[float, ...]
    trials: int
    passes: int


SUBJECTS = {
    "lenet": Subject(
        "lenet",
        "models/caffe_small/lenet_iter_10000.caffemodel",
        chosen_on=2_000,
        learnt_from=500,
        test=10_000,
        measure="loss",
        shares=(1.0, 0.95, 0.85, 0.7),
        trials=150,
        passes=60,
    ),
    "resnet20": Subject(
        "resnet20",
        "models/cifar10_resnet_pytorch/resnet20-12fca82f.th",
        chosen_on=1_000,
        learnt_from=128,
        test=1_000,
        measure="noise",
        shares=(1.0, 0.99, 0.97, 0.95, 0.85),
        trials=100,
        passes=20,
    ),
}
"""Images and trials as they take minutes (ours)."""

QUICK = Subject("digits-cnn", None, 100, 100, 359, measure="loss", shares=(1.0, 0.85), trials=40, passes=20)
