"""What arithmetic costs in hardware: accelerators, and circuits by synthesis."""

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.area import Area, Target
from adequate.accelerators.bitfusion import BitFusion
from adequate.accelerators.cost import Cost, total
from adequate.accelerators.costing import layer_costs
from adequate.accelerators.dadiannao import DaDianNao
from adequate.accelerators.energy import estimated_energy_pj
from adequate.accelerators.feie import Zascad, Zascas
from adequate.accelerators.memory import Memory
from adequate.accelerators.roofline import Roofline
from adequate.accelerators.row_stationary import RowStationary
from adequate.accelerators.synthesis import synthesize
from adequate.accelerators.systolic import Systolic
from adequate.accelerators.technology import TECHNOLOGIES, Technology
from adequate.accelerators.work import LayerOperands, Operands, Work, work_of
from adequate.accelerators.yosys import Yosys

ACCELERATORS: tuple[type[Accelerator], ...] = (
    Roofline,
    Systolic,
    RowStationary,
    DaDianNao,
    BitFusion,
    Zascad,
    Zascas,
)

__all__ = [
    "ACCELERATORS",
    "TECHNOLOGIES",
    "Accelerator",
    "Area",
    "BitFusion",
    "Cost",
    "DaDianNao",
    "LayerOperands",
    "Memory",
    "Operands",
    "Roofline",
    "RowStationary",
    "Systolic",
    "Target",
    "Technology",
    "Work",
    "Yosys",
    "Zascad",
    "Zascas",
    "estimated_energy_pj",
    "layer_costs",
    "synthesize",
    "total",
    "work_of",
]
