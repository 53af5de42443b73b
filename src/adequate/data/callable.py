"""Data sets and models that a user's own function makes."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path

import torch

from adequate.data.dataset import Dataset
from adequate.data.split import Split


def import_callable(reference: str) -> Callable[..., object]:
    """The function that ``module:callable`` names; the working directory counts as a place of modules.

    >>> import_callable("math:sqrt")(4)
    2.0

    Raises:
        ValueError: no such module or callable, or the module itself fails on import.
    """
    module_name, colon, attribute = reference.partition(":")
    if not (module_name and colon and attribute):
        raise ValueError(f"{reference!r} is not of the form module:callable")
    here = str(Path.cwd())
    if here not in sys.path and "" not in sys.path:
        sys.path.append(here)
    try:
        found = importlib.import_module(module_name)
    except (ImportError, SyntaxError, TypeError, ValueError, AttributeError, NameError, OSError) as error:
        raise ValueError(f"cannot import {module_name!r} for {reference!r}: {error}") from error
    for name in attribute.split("."):
        if not hasattr(found, name):
            raise ValueError(f"{module_name!r} has no {attribute!r}")
        found = getattr(found, name)
    if not callable(found):
        raise ValueError(f"{reference!r} is not callable: {type(found).__name__}")
    return found


def load_callable(reference: str) -> Dataset:
    """What ``module:callable`` returns: a ``Dataset``, or ``(images, labels)``, which become a set of one split.

    Images (N, C, H, W) uint8 or float and labels (N,) are tensors or whatever ``torch.as_tensor`` takes.

    Raises:
        ValueError: the callable cannot be imported, or returns something else.
    """
    made = import_callable(reference)()
    if isinstance(made, Dataset):
        return made
    if not (isinstance(made, tuple | list) and len(made) == 2):
        raise ValueError(f"{reference} must return a Dataset or (images, labels), not {type(made).__name__}")
    images, labels = (torch.as_tensor(part) for part in made)
    if not labels.is_floating_point() and not labels.is_complex():
        labels = labels.long()
    split = Split(images, labels, None, "test")
    return Dataset(reference, int(split.labels.max()) + 1, None, None, split)
