"""Trials on many processes and machines at once, by Ray."""

from adequate.cluster.ray_map import RayMap, ray_map

__all__ = ["RayMap", "ray_map"]
