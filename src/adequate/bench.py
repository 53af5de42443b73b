"""A network and its data, ready to answer how good a design is."""

import hashlib
import json
from importlib.metadata import version
from typing import Any, Protocol

import torch

from adequate.data.dataset import Dataset
from adequate.data.split import Split
from adequate.design import Design
from adequate.emulation import emulate
from adequate.evaluation import Score, evaluate_all, proportion
from adequate.exploration.context import Context
from adequate.exploration.trial import Trial
from adequate.finetuning import Recipe, Step, finetune
from adequate.metrics import cross_entropy, top1
from adequate.network import Network
from adequate.profiling import Ranges, profile
from adequate.reporting.memory import stored_bits
from adequate.run import Run


class Watcher(Protocol):
    """Is told how a long job goes on."""

    def stage(self, text: str) -> None:
        """A new stage begins."""
        ...

    def tried(self, trial: Trial, reused: bool) -> None:
        """A trial was answered, from the store if ``reused``."""
        ...

    def evaluated(self, images: int, of: int) -> None:
        """So many images of an evaluation are done."""
        ...

    def trained(self, step: Step) -> None:
        """A training step is done."""
        ...


class Silence:
    """A watcher that says nothing."""

    def stage(self, text: str) -> None: ...
    def tried(self, trial: Trial, reused: bool) -> None: ...
    def evaluated(self, images: int, of: int) -> None: ...
    def trained(self, step: Step) -> None: ...


class Bench:
    """Answers questions about designs of one network on one data set, remembering what is dear in a run's folder.

    So many ``processes`` fine-tune together.
    """

    def __init__(
        self,
        network: Network,
        data: Dataset,
        run: Run,
        seed: int,
        recipe: Recipe,
        watcher: Watcher,
        processes: int = 1,
    ) -> None:
        self.network, self.run, self.seed, self.recipe, self.watcher = network, run, seed, recipe, watcher
        self.processes = processes
        train, validation = data.selection()
        calibration = data.calibration(torch.Generator().manual_seed(seed))
        self.splits = {"validation": validation, "calibration": calibration, "test": data.test}
        self.train = train
        self.data = digest_of((train, validation, data.test))
        self.threads = torch.get_num_threads()
        self.context = self.context_with()

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: nobody watches there, and its working directory may be another."""
        return {**self.__dict__, "run": Run(self.run.folder.resolve()), "watcher": Silence()}

    @property
    def identity(self) -> dict[str, Any]:
        """What every figure depends on besides the questions; ``context`` covers the rest and what cannot be told."""
        return {
            "seed": self.seed,
            "recipe": repr(self.recipe),
            "threads": self.threads,
            "adequate": version("adequate"),
            "torch": torch.__version__,
            "context": self.context.digest,
        }

    def context_with(self, **settings: Any) -> Context:
        """What every figure depends on besides the questions, and on more ``settings`` of whoever asks them."""
        shared = {"processes": self.processes} if self.processes > 1 else {}
        parts = {"recipe": repr(self.recipe), "threads": self.threads, **shared, **settings}
        return Context(self.network.digest, self.data, self.seed, json.dumps(parts, sort_keys=True))

    def ranges(self) -> Ranges:
        """Dynamic ranges on the calibration images, from the run's folder where they are there.

        Raises:
            ValueError: the file of ranges is corrupt.
        """
        if self.run.ranges_file.exists():
            ranges, context = self.run.ranges()
            if context == self.context.digest:
                return ranges
        ranges = profile(self.network, self.splits["calibration"])
        ranges.save(self.run.ranges_file, context=self.context.digest)
        return ranges

    def trial(self, design: Design, epochs: int = 0, split: str = "validation") -> dict[str, float]:
        """Accuracy, loss and stored weight bits of a design on a split, after so many epochs of fine-tuning."""
        module = emulate(self.tuned(design, epochs), design)
        images = self.splits[split]
        scores = evaluate_all(
            module, images, (top1, cross_entropy), progress=lambda done: self.watcher.evaluated(done, len(images))
        )
        return {
            "accuracy": scores["top1"],
            "loss": scores["cross_entropy"],
            "stored_bits": stored_bits(self.network, design),
        }

    def tuned(self, design: Design, epochs: int) -> Network:
        """The network fine-tuned for a design; a finished fine-tuning is read from its checkpoint."""
        if not epochs:
            return self.network
        return finetune(
            self.network,
            design,
            self.train,
            epochs=epochs,
            generator=torch.Generator().manual_seed(self.seed),
            recipe=self.recipe,
            checkpoint=self.run.checkpoint(design.digest, epochs),
            progress=self.watcher.trained,
        )

    def score(self, trial: Trial) -> Score:
        """A trial's accuracy with its interval."""
        images = len(self.splits[trial.split])
        return proportion(round(trial.accuracy * images), images)


def digest_of(splits: tuple[Split, ...]) -> str:
    """SHA-256 over all images and labels and what is done to them."""
    parts = [[split.digest, repr(split.transform)] for split in splits]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()
