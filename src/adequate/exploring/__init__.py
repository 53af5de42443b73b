"""The search job: a front of designs against real costs, in a run's folder."""

from adequate.exploring.folder import front_files, picked
from adequate.exploring.job import Explored, Found, explore

__all__ = ["Explored", "Found", "explore", "front_files", "picked"]
