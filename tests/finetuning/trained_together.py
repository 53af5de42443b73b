"""Run by torchrun or alone: fine-tunes and leaves the weights and every step's loss of each process in a folder."""

import json
import os
import sys
from pathlib import Path

import torch
from torch import nn

from adequate.design import Design
from adequate.finetuning import Recipe, Step, finetune, together
from adequate.formats import Fixed
from adequate.network import trace
from adequate.storage import save_tensors
from tests.finetuning.clouds import Clouds

RECIPE = Recipe(rate=5e-3, batch_size=15, checkpoint_every=2, distillation=0.3)
DESIGN = Design().with_layers(["0", "2"], input=Fixed(8, 4), weight=Fixed(3, 1), output=Fixed(8, 3))


def main(folder: Path, epochs: int, last: int) -> None:
    """The last batch has one image, so that of two processes one has none; a process ends at step ``last``."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    network = trace(nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Linear(16, 3)), torch.zeros(2, 8))
    steps: list[Step] = []

    def note(step: Step) -> None:
        steps.append(step)
        if step.step == last:
            os._exit(0)

    with together() as team:
        tuned = finetune(
            network,
            DESIGN,
            Clouds(96, 1),
            epochs=epochs,
            generator=torch.Generator().manual_seed(0),
            recipe=RECIPE,
            checkpoint=folder / f"checkpoint{team.rank}.safetensors",
            progress=note,
        )
    losses = [[step.step, step.loss, step.accuracy] for step in steps]
    save_tensors(folder / f"tuned{team.rank}.safetensors", tuned.state(), {"steps": json.dumps(losses)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
