"""Rewrites of a network that change its outputs by rounding only; each is recorded in ``Network.rewrites``."""

from adequate.network.rewrites.batchnorm import fold_batchnorm
from adequate.network.rewrites.bias import fold_bias
from adequate.network.rewrites.equalization import equalize
from adequate.network.rewrites.identities import drop_identities

__all__ = ["drop_identities", "equalize", "fold_batchnorm", "fold_bias"]
