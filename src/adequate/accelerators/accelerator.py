"""What every accelerator is."""

import re
from abc import ABC, abstractmethod

from adequate.accelerators.cost import Cost
from adequate.accelerators.technology import Constant
from adequate.accelerators.work import LayerOperands, Work, work_of
from adequate.design import LayerDesign
from adequate.network.layer import Layer


class Accelerator(ABC):
    """A machine that runs sums of products; a frozen dataclass whose fields are its configuration.

    The defaults are the published configuration. ``simulate`` is the model; ``run`` asks it about a layer.
    """

    reads_values: bool
    """Whether the cycles depend on the operands' values."""

    @classmethod
    def name(cls) -> str:
        """The name on the command line: the class name in snake case."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", cls.__name__).lower()

    @abstractmethod
    def simulate(self, work: Work) -> Cost:
        """What all runs of one layer cost.

        Raises:
            ValueError: the machine cannot hold the layer's formats, has no mapping for it, or misses its operands.
        """

    @abstractmethod
    def constants(self) -> dict[str, Constant]:
        """The constants the model stands on, by name, each with its source."""

    def run(self, layer: Layer, chosen: LayerDesign, operands: LayerOperands | None = None) -> Cost:
        """What one layer costs for one image; on several images, their mean.

        A layer that is no sum of products costs nothing: the models leave pooling, activations and adds out.

        Raises:
            ValueError: as ``simulate``; or the layer has no loops (see ``loop_nest``).
        """
        if not layer.multiplies:
            return Cost()
        work = work_of(layer, chosen, operands)
        return self.simulate(work) / work.images
