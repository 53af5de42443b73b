"""The model, seen as arithmetic."""

from adequate.network.layer import Layer
from adequate.network.network import Network
from adequate.network.rewrite import fold_batchnorm
from adequate.network.trace import trace

__all__ = ["Layer", "Network", "fold_batchnorm", "trace"]
