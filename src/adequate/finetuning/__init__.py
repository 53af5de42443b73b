"""Winning accuracy back: weights, their rounding and their steps, learned for a design."""

from adequate.finetuning.adaptive_rounding import adaround
from adequate.finetuning.batchnorm import refit_batchnorm
from adequate.finetuning.fitted_error import FittedError
from adequate.finetuning.learned_steps import learn_steps
from adequate.finetuning.recipe import Batch, Batches, Recipe, Shuffled, Step
from adequate.finetuning.shadow_weights import condensed, finetune
from adequate.finetuning.smoothed_difference import SmoothedDifference
from adequate.finetuning.team import Team, together
from adequate.finetuning.weight_remapping import remap_weights, remapped

__all__ = [
    "Batch",
    "Batches",
    "FittedError",
    "Recipe",
    "Shuffled",
    "SmoothedDifference",
    "Step",
    "Team",
    "adaround",
    "condensed",
    "finetune",
    "learn_steps",
    "refit_batchnorm",
    "remap_weights",
    "remapped",
    "together",
]
