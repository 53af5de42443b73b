"""Trained weights from files into modules: all of them, or none and one clear line."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

from adequate.network.caffe import read_caffemodel
from adequate.network.caffe.weights import fitted
from adequate.storage import load_tensors


def load_weights(model: nn.Module, path: Path) -> None:
    """Loads a ``.caffemodel``, a ``.safetensors`` or a torch checkpoint into ``model``.

    Caffe layers go to the modules of their names, their blobs to ``weight`` and ``bias``. A checkpoint is a state
    dictionary, bare or under ``state_dict`` or ``model``, its keys perhaps prefixed ``module.``; it is read without
    unpickling arbitrary objects. Every parameter and buffer must be there, and nothing else (only batch norm's batch
    counters may be missing: torch before 0.4.1 kept none); on an error the model is as before.

    Raises:
        OSError: the file cannot be read.
        ValueError: the file is truncated, corrupt or of another kind; names are missing or unexpected; a shape or a
            type differs; a weight is NaN or infinite.
    """
    if path.suffix == ".caffemodel":
        found = _from_caffe(model, path)
    elif path.suffix == ".safetensors":
        found, _ = load_tensors(path)
    else:
        found = _from_checkpoint(path)
    wanted = model.state_dict()
    found = {name: wanted[name] for name in wanted if name.endswith(".num_batches_tracked")} | found
    _check_names(path, wanted, found)
    for name, tensor in wanted.items():
        _check(path, name, tensor, found[name])
    model.load_state_dict(found)


def _from_caffe(model: nn.Module, path: Path) -> dict[str, Tensor]:
    modules = dict(model.named_modules())
    found: dict[str, Tensor] = {}
    for layer, blobs in read_caffemodel(path).items():
        if len(blobs) > 2:
            raise ValueError(f"layer {layer!r} of {path} has {len(blobs)} blobs; weight and bias are understood")
        for part, blob in zip(("weight", "bias"), blobs, strict=False):
            target = getattr(modules.get(layer), part, None)
            found[f"{layer}.{part}"] = fitted(blob, tuple(target.shape)) if isinstance(target, Tensor) else blob
    return found


def _from_checkpoint(path: Path) -> dict[str, Tensor]:
    with path.open("rb") as file:
        try:
            content = torch.load(file, map_location="cpu", weights_only=True)
        except Exception as error:  # whatever a corrupt pickle provokes
            kind = type(error).__name__
            raise ValueError(
                f"{path} is no torch checkpoint, truncated, or holds more than tensors ({kind})"
            ) from error
    for key in ("state_dict", "model"):
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping) or not all(
        isinstance(name, str) and isinstance(value, Tensor) for name, value in content.items()
    ):
        raise ValueError(f"{path} holds no state dictionary (names to tensors), bare or under 'state_dict' or 'model'")
    prefixed = all(name.startswith("module.") for name in content)
    return {name.removeprefix("module.") if prefixed else name: value for name, value in content.items()}


def _check_names(path: Path, wanted: Iterable[str], found: Iterable[str]) -> None:
    missing = [name for name in wanted if name not in set(found)]
    unexpected = [name for name in found if name not in set(wanted)]
    if missing or unexpected:
        complaints = [
            f"{len(names)} {kind} ({', '.join(map(repr, names[:5]))}{', ...' if len(names) > 5 else ''})"
            for kind, names in (("missing", missing), ("unexpected", unexpected))
            if names
        ]
        raise ValueError(f"{path} does not fit the model: {' and '.join(complaints)}")


def _check(path: Path, name: str, wanted: Tensor, found: Tensor) -> None:
    if found.shape != wanted.shape:
        raise ValueError(f"{name!r} has shape {tuple(found.shape)} in {path}, {tuple(wanted.shape)} in the model")
    if found.is_floating_point() != wanted.is_floating_point() or found.is_complex():
        raise ValueError(f"{name!r} is {found.dtype} in {path}, {wanted.dtype} in the model")
    if found.is_sparse or found.is_quantized:
        raise ValueError(f"{name!r} of {path} is not a dense tensor")
    if not bool(found.to(wanted.dtype).isfinite().all()):
        raise ValueError(f"{name!r} of {path} holds NaN or infinity")
