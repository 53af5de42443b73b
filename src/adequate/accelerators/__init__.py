"""What arithmetic costs in hardware: accelerators, and circuits by synthesis."""

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.area import Area, Target
from adequate.accelerators.bitfusion import BitFusion
from adequate.accelerators.cost import Cost, total
from adequate.accelerators.costing import layer_costs
from adequate.accelerators.dadiannao import DaDianNao
from adequate.accelerators.energy import estimated_energy_pj
from adequate.accelerators.feie import Zascad, Zascas
from adequate.accelerators.laconic import Laconic
from adequate.accelerators.memory import Memory
from adequate.accelerators.pragmatic import Pragmatic
from adequate.accelerators.roofline import Roofline
from adequate.accelerators.row_stationary import RowStationary
from adequate.accelerators.scnn import SCNN
from adequate.accelerators.stripes import Stripes
from adequate.accelerators.synthesis import synthesize
from adequate.accelerators.systolic import Systolic
from adequate.accelerators.tactical import Tactical
from adequate.accelerators.technology import TECHNOLOGIES, Technology
from adequate.accelerators.work import LayerOperands, Operands, Work, work_of
from adequate.accelerators.yosys import Yosys

ACCELERATORS: tuple[type[Accelerator], ...] = (
    Roofline,
    Systolic,
    RowStationary,
    DaDianNao,
    Stripes,
    Pragmatic,
    Tactical,
    SCNN,
    BitFusion,
    Laconic,
    Zascad,
    Zascas,
)

__all__ = [
    "ACCELERATORS",
    "SCNN",
    "TECHNOLOGIES",
    "Accelerator",
    "Area",
    "BitFusion",
    "Cost",
    "DaDianNao",
    "Laconic",
    "LayerOperands",
    "Memory",
    "Operands",
    "Pragmatic",
    "Roofline",
    "RowStationary",
    "Stripes",
    "Systolic",
    "Tactical",
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
