"""Data sets: images with labels in three splits, and where they are found."""

from adequate.data.dataset import Dataset
from adequate.data.load import load
from adequate.data.split import Split

__all__ = ["Dataset", "Split", "load"]
