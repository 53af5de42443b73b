"""What arithmetic costs in hardware."""

from adequate.accelerators.area import Area, Target
from adequate.accelerators.energy import estimated_energy_pj
from adequate.accelerators.synthesis import synthesize
from adequate.accelerators.yosys import Yosys

__all__ = ["Area", "Target", "Yosys", "estimated_energy_pj", "synthesize"]
