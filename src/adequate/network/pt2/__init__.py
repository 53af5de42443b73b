"""Exported programs (.pt2) from files, read without trust: see ``reading.read_pt2`` for what is checked."""

from adequate.network.pt2.reading import read_pt2

__all__ = ["read_pt2"]
