"""The search job: a front of designs against real costs, in a run's folder."""

from adequate.exploring.folder import Search, front_files, picked, searched
from adequate.exploring.job import Explored, Found, explore

__all__ = ["Explored", "Found", "Search", "explore", "front_files", "picked", "searched"]
