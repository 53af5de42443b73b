"""What every accelerator is."""

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from adequate.accelerators.cost import Cost
from adequate.accelerators.technology import Constant
from adequate.accelerators.work import LayerOperands, MissingOperands, Work, work_of
from adequate.design import LayerDesign
from adequate.network.layer import Layer

COMPUTE = "compute"
"""The part of the energy that multipliers take."""

AREA = "area"
"""The constant of a machine whose area is known, in mm2."""


class Accelerator(ABC):
    """A machine that runs sums of products; a frozen dataclass whose fields are its configuration.

    The defaults are the published configuration. ``simulate`` is the model; ``run`` asks it about a layer.
    """

    reads_values: bool
    """Whether the cycles depend on the operands' values."""

    has_multipliers: bool
    """Whether a product is one multiplier's work, part ``compute`` of the energy, which a design can replace."""

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

    @property
    def area(self) -> Constant | None:
        """The machine's area in mm2, in the process it was published in; None where none was found.

        It is no field of a ``Cost``, as it does not add over layers. What it is the area of, its source says.
        """
        return self.constants().get(AREA)

    def refusal(self, layer: Layer, chosen: LayerDesign) -> str | None:
        """Why the machine cannot run a layer in a design, as far as that can be said without operands; None: it can."""
        try:
            self.run(layer, chosen)
        except MissingOperands:
            return None
        except ValueError as error:
            return str(error)
        return None

    def run(
        self,
        layer: Layer,
        chosen: LayerDesign,
        operands: LayerOperands | None = None,
        relative_energies: Mapping[str, float] = MappingProxyType({}),
    ) -> Cost:
        """What one layer costs for one image; on several images, their mean.

        A layer that is no sum of products costs nothing: the models leave pooling, activations and adds out. Where a
        layer has a multiplier of its own, its ``compute`` energy, additions and all, is multiplied by what
        ``relative_energies`` has for the multiplier's text (see ``relative_energy``), by 1 where it has nothing.

        Raises:
            ValueError: as ``simulate``; or the layer has no loops (see ``loop_nest``), or a multiplier that the machine
                has none to replace by.
        """
        if not layer.multiplies:
            return Cost()
        if chosen.multiplier is not None and not self.has_multipliers:
            raise ValueError(
                f"layer {layer.name!r}: {self.name()} does not multiply word by word; it has no place for"
                f" {chosen.multiplier}"
            )
        work = work_of(layer, chosen, operands)
        found = self.simulate(work) / work.images
        factor = relative_energies.get(str(chosen.multiplier), 1.0)
        parts = {name: amount * (factor if name == COMPUTE else 1) for name, amount in found.energy_parts_pj.items()}
        return replace(found, energy_parts_pj=parts)
