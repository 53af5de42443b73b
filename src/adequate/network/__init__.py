"""The model, seen as arithmetic."""

from adequate.network.layer import Layer
from adequate.network.network import Network
from adequate.network.rewrites import drop_identities, equalize, fold_batchnorm, fold_bias
from adequate.network.trace import trace

__all__ = ["Layer", "Network", "drop_identities", "equalize", "fold_batchnorm", "fold_bias", "trace"]
