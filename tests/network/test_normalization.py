"""Within-channel LRN against its equation, written out element by element."""

import pytest
import torch

from adequate.network.normalization import WithinChannelLRN


@pytest.mark.parametrize(("size", "alpha", "beta", "k"), [(3, 5e-5, 0.75, 1.0), (5, 0.3, 0.5, 2.0), (1, 1.0, 1.0, 1.0)])
def test_equation(size: int, alpha: float, beta: float, k: float) -> None:
    x = torch.randn(2, 3, 6, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64) * 10
    y = WithinChannelLRN(size, alpha, beta, k)(x)
    reach = size // 2
    for n, c, i, j in torch.cartesian_prod(*(torch.arange(d) for d in x.shape)).tolist():
        window = x[n, c, max(0, i - reach) : i + reach + 1, max(0, j - reach) : j + reach + 1]
        energy = sum(value * value for value in window.flatten().tolist()) / size**2
        assert y[n, c, i, j].item() == pytest.approx(x[n, c, i, j].item() / (k + alpha * energy) ** beta, rel=1e-12)


@pytest.mark.parametrize("size", [0, 2, -3])
def test_an_even_or_empty_window_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"odd and positive, not {size}"):
        WithinChannelLRN(size, 1.0, 1.0)
