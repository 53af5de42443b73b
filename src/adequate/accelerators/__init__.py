"""What arithmetic costs in hardware: accelerators, and circuits by synthesis."""

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.area import Area, Target
from adequate.accelerators.cost import Cost, total
from adequate.accelerators.costing import layer_costs
from adequate.accelerators.dadiannao import DaDianNao
from adequate.accelerators.energy import estimated_energy_pj
from adequate.accelerators.memory import Memory
from adequate.accelerators.synthesis import synthesize
from adequate.accelerators.work import LayerOperands, Operands, Work, work_of
from adequate.accelerators.yosys import Yosys

ACCELERATORS: tuple[type[Accelerator], ...] = (DaDianNao,)

__all__ = [
    "ACCELERATORS",
    "Accelerator",
    "Area",
    "Cost",
    "DaDianNao",
    "LayerOperands",
    "Memory",
    "Operands",
    "Target",
    "Work",
    "Yosys",
    "estimated_energy_pj",
    "layer_costs",
    "synthesize",
    "total",
    "work_of",
]
