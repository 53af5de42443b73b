"""A quantiser of an ONNX file."""

from dataclasses import dataclass

from torch import Tensor

from adequate.formats import Format


@dataclass(frozen=True, eq=False)
class Quantizer:
    """A node, the last of its chain, whose ``result`` is ``source`` in the values of ``format``.

    ``constant`` is the result where the file stores it as integers: then there is no ``source``, and no format if the
    integers are wider than any operand (a bias).
    """

    name: str
    source: str
    result: str
    format: Format | None
    constant: Tensor | None = None
