"""Training that keeps a multiplier's errors small."""

from dataclasses import dataclass

from torch import Tensor

from adequate.emulated_layer import Gradient, Multiplied, straight_through


@dataclass(frozen=True)
class PenalizedErrors:
    """The gradient of the loss plus ``weight`` times the relative error of the layer's sums.

        L + weight * sum over layers of ||y~ - y||^2 / ||y||^2,

    y~ the multiplier's sums, y the exact ones of the same quantised operands, without bias. The gradient passes through
    y~ by ``gradient``, and through both y by the exact product. By the straight-through gradient y~ - y has none, and
    only the denominator pulls: sums grow against their errors.

    Regularisation that knows the hardware is the idea of De la Parra et al., "ProxSim", DATE 2020, of which only the
    abstract could be read: this penalty is our own. The loss that a step reports is without it.
    """

    weight: float
    gradient: Gradient

    def __call__(self, multiplied: Multiplied, upstream: Tensor) -> tuple[Tensor, Tensor]:
        """The gradients by the quantised operands."""
        exact = multiplied.call.operation(multiplied.call.x, multiplied.call.w)
        error, size = multiplied.y - exact, float(exact.double().square().sum())
        if not size:
            return self.gradient(multiplied, upstream)
        relative = float(error.double().square().sum()) / size
        by_error, by_size = error * (2 * self.weight / size), exact * (2 * self.weight * relative / size)
        through_error = self.gradient(multiplied, upstream + by_error)
        through_exact = straight_through(multiplied, by_error + by_size)
        return through_error[0] - through_exact[0], through_error[1] - through_exact[1]
