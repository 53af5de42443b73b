"""How a row is fine-tuned: every recipe is tried briefly, the best one on validation images trains in full."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from adequate.bench import Bench, Watcher
from adequate.data.dataset import Dataset
from adequate.design import Design
from adequate.exploration.search import Strategy, search
from adequate.exploration.store import Store
from adequate.exploration.trial import Query, Trial
from adequate.finetuning import Recipe
from adequate.network import Network
from adequate.run import Run

RECIPES = tuple(Recipe(rate=rate, outputs=outputs) for rate in (1e-3, 1e-4) for outputs in ("float", "quantized"))
"""The rates are ours; layer outputs float while training as in the thesis (9.3), or trained through as they will be."""

TRIED_ON = 15_000
"""Training images, the first ones, on which each recipe is tried for one epoch (ours)."""


def best_recipe(tried: Mapping[Recipe, Trial]) -> Recipe:
    """The recipe of the highest accuracy; of equal ones that of the lower loss, then the first.

    Raises:
        ValueError: a trial on other images than the validation images.
    """
    if odd := [trial.split for trial in tried.values() if trial.split != "validation"]:
        raise ValueError(f"a recipe is chosen on 'validation', not on {odd[0]!r}")
    return min(tried, key=lambda recipe: (-tried[recipe].accuracy, tried[recipe].figure("loss")))


class Tuner:
    """Fine-tunes one network for designs; trials and checkpoints are kept in ``folder``, answers in ``store``."""

    def __init__(self, network: Network, data: Dataset, folder: Path, store: Store, watcher: Watcher) -> None:
        train, _ = data.selection()
        self.network, self.folder, self.store, self.watcher = network, folder, store, watcher
        short = replace(data, train=train.first(min(TRIED_ON, len(train))))
        self.trying = {recipe: self._bench("try", short, recipe) for recipe in RECIPES}
        self.training = {recipe: self._bench("train", data, recipe) for recipe in RECIPES}

    def recipe(self, design: Design) -> Recipe:
        """The best recipe for a design, by one epoch of each."""
        return best_recipe({recipe: self._ask(bench, Query(design, 1)) for recipe, bench in self.trying.items()})

    def accuracy(self, design: Design, epochs: int) -> tuple[float, Recipe]:
        """Accuracy on the test images after ``epochs`` under the best recipe, and that recipe."""
        recipe = self.recipe(design)
        return self._ask(self.training[recipe], Query(design, epochs, "test")).accuracy, recipe

    def _bench(self, purpose: str, data: Dataset, recipe: Recipe) -> Bench:
        place = Run(self.folder / f"{purpose}-{recipe.rate:g}-{recipe.outputs}")
        place.claim({"study": "ristretto", "recipe": repr(recipe)})
        return Bench(self.network, data, place, seed=0, recipe=recipe, watcher=self.watcher)

    def _ask(self, bench: Bench, query: Query) -> Trial:
        def ask() -> Strategy:
            yield [query]
            return query.design

        return search(ask(), bench.trial, store=self.store, context=bench.context).trials[0]
