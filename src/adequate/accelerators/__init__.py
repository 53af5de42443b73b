"""What arithmetic costs in hardware: accelerators, and circuits by synthesis."""

from adequate.accelerators.accelerator import Accelerator
from adequate.accelerators.area import Area, Target
from adequate.accelerators.bitfusion import Bitfusion
from adequate.accelerators.cnvlutin import Cnvlutin
from adequate.accelerators.cost import Cost, total
from adequate.accelerators.costing import layer_costs
from adequate.accelerators.dadiannao import Dadiannao
from adequate.accelerators.dynamic_stripes import DynamicStripes
from adequate.accelerators.eie import EIE
from adequate.accelerators.energy import estimated_energy_pj, relative_energy
from adequate.accelerators.feie import Zascad, Zascas
from adequate.accelerators.laconic import Laconic
from adequate.accelerators.loom import Loom
from adequate.accelerators.memory import Memory
from adequate.accelerators.pragmatic import Pragmatic
from adequate.accelerators.roofline import Roofline
from adequate.accelerators.row_stationary import RowStationary
from adequate.accelerators.scnn import SCNN
from adequate.accelerators.stripes import Stripes
from adequate.accelerators.synthesis import Clocked, synthesize
from adequate.accelerators.systolic import Systolic
from adequate.accelerators.tactical import Tactical
from adequate.accelerators.tactical_serial import TacticalE, TacticalP
from adequate.accelerators.technology import TECHNOLOGIES, Technology
from adequate.accelerators.work import LayerOperands, Operands, Work, work_of
from adequate.accelerators.work_reduction import BitWork, bit_work
from adequate.accelerators.yosys import Yosys

ACCELERATORS: tuple[type[Accelerator], ...] = (
    Roofline,
    Systolic,
    RowStationary,
    Dadiannao,
    Cnvlutin,
    Stripes,
    DynamicStripes,
    Loom,
    Pragmatic,
    Tactical,
    TacticalE,
    TacticalP,
    SCNN,
    Bitfusion,
    Laconic,
    Zascad,
    Zascas,
    EIE,
)
"""Every machine, from bounds to those that read values."""

__all__ = [
    "ACCELERATORS",
    "EIE",
    "SCNN",
    "TECHNOLOGIES",
    "Accelerator",
    "Area",
    "BitWork",
    "Bitfusion",
    "Clocked",
    "Cnvlutin",
    "Cost",
    "Dadiannao",
    "DynamicStripes",
    "Laconic",
    "LayerOperands",
    "Loom",
    "Memory",
    "Operands",
    "Pragmatic",
    "Roofline",
    "RowStationary",
    "Stripes",
    "Systolic",
    "Tactical",
    "TacticalE",
    "TacticalP",
    "Target",
    "Technology",
    "Work",
    "Yosys",
    "Zascad",
    "Zascas",
    "bit_work",
    "estimated_energy_pj",
    "layer_costs",
    "relative_energy",
    "synthesize",
    "total",
    "work_of",
]
