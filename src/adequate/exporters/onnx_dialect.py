"""What differs between ways of writing quantised networks as ONNX."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from adequate.exporters.onnx_file import OnnxFile
from adequate.exporters.onnx_formats import Parts


@dataclass(frozen=True, eq=False)
class Bias:
    """A bias as the sums of its layer have it: ``value`` in float32; in codes times ``steps`` where there is a grid."""

    value: Tensor
    codes: Tensor | None = None
    steps: Tensor | None = None


class Dialect(ABC):
    """One way of writing quantisers."""

    name: ClassVar[str]
    domains: ClassVar[Mapping[str, int]]
    """The domains of its operators, and their versions."""

    @abstractmethod
    def refuse(self, parts: Parts) -> None:
        """Looks at a format before anything is written.

        Raises:
            ValueError: it cannot be said; the message says why.
        """

    @abstractmethod
    def quantize(self, file: OnnxFile, name: str, value: str, parts: Parts, slot: str) -> str:
        """Writes the quantiser of a value that is computed."""

    @abstractmethod
    def weight(self, file: OnnxFile, name: str, stored: str, numbers: Tensor, parts: Parts) -> str:
        """Writes a weight, numbers of its format already, under the name ``stored``, and its quantiser."""

    @abstractmethod
    def bias(self, file: OnnxFile, name: str, stored: str, bias: Bias) -> str:
        """Writes a bias under the name ``stored``."""
