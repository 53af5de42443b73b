"""What an answer depends on besides its question."""

import hashlib
import json
from dataclasses import astuple, dataclass, field
from importlib.metadata import version

import torch

LARGEST_SEED = 2**64 - 1
"""What a torch.Generator takes."""


def installed() -> str:
    """The versions of what computes: adequate and torch."""
    return f"adequate {version('adequate')}, torch {torch.__version__}"


@dataclass(frozen=True)
class Context:
    """Everything besides the question that a trial's figures depend on: an answer holds in its context alone.

    ``network`` and ``data`` are SHA-256 digests: of the layers with their weights, and of all images and labels with
    what is done to them. ``settings`` says how questions are answered, in any words: two ways, two texts.

    >>> Context(seed=1) == Context(seed=1), Context(seed=1) == Context(seed=2)
    (True, False)

    Raises:
        ValueError: a seed outside 0 .. 2^64 - 1.
    """

    network: str = ""
    data: str = ""
    seed: int = 0
    settings: str = ""
    versions: str = field(default_factory=installed)

    def __post_init__(self) -> None:
        if not 0 <= self.seed <= LARGEST_SEED:
            raise ValueError(f"seed is {self.seed}; wanted is a number from 0 to {LARGEST_SEED}")

    @property
    def digest(self) -> str:
        """SHA-256 over all parts."""
        return hashlib.sha256(json.dumps(astuple(self)).encode()).hexdigest()
