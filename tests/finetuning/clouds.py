"""Data that a network of two layers learns in a second."""

import torch


class Clouds:
    """Three Gaussian clouds in eight dimensions, learnable to near perfection."""

    def __init__(self, count: int, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.y = torch.randint(3, (count,), generator=generator)
        centres = torch.randn(3, 8, generator=torch.Generator().manual_seed(99)) * 2
        self.x = centres[self.y] + torch.randn(count, 8, generator=generator)

    def __len__(self) -> int:
        return len(self.y)

    def __iter__(self):
        return iter([(self.x, self.y)])

    def shuffled(self, generator: torch.Generator, batch_size: int):
        order = torch.randperm(len(self), generator=generator)
        return ((self.x[i], self.y[i]) for i in order.split(batch_size))

    def split(self, fraction: float, generator: torch.Generator) -> tuple["Clouds", "Clouds"]:
        order = torch.randperm(len(self), generator=generator)
        cut = round(fraction * len(self))
        parts = Clouds(1, 0), Clouds(1, 0)
        for part, index in zip(parts, (order[cut:], order[:cut]), strict=True):
            part.x, part.y = self.x[index], self.y[index]
        return parts
