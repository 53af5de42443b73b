"""Fixed point keeps the contract, and its numbers are those of Ristretto's rules."""

from fractions import Fraction

import pytest
import torch

from adequate.formats import Fixed, Overflow, Rounding
from tests.contracts.format_contract import FormatContract


class TestContract(FormatContract):
    formats = (Fixed(8, 4),)
