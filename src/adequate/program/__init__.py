"""Integer programs: what a design computes, without a floating-point number anywhere."""

from adequate.program.products import Approximate, Words
from adequate.program.program import Program
from adequate.program.register import Register
from adequate.program.rounding import Rounder, ToFixed, ToFloat
from adequate.program.value import Value

__all__ = ["Approximate", "Program", "Register", "Rounder", "ToFixed", "ToFloat", "Value", "Words"]
