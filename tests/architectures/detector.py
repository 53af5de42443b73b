"""A detector's shared head on a two-level feature pyramid, with a dictionary of outputs (Lin et al. 2017, RetinaNet).

Source: arXiv:1708.02002, figure 3; the pyramid's top-down path from arXiv:1612.03144, figure 3.
"""

import torch
from torch import Tensor, nn

from tests.architectures.architecture import Architecture, Row, images

ANCHORS, CLASSES = 2, 3


class Detector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.c3 = nn.Conv2d(3, 8, 3, stride=2, padding=1)
        self.c4 = nn.Conv2d(8, 8, 3, stride=2, padding=1)
        self.lateral3 = nn.Conv2d(8, 6, 1)
        self.lateral4 = nn.Conv2d(8, 6, 1)
        self.tower = nn.Conv2d(6, 6, 3, padding=1)
        self.classes = nn.Conv2d(6, ANCHORS * CLASSES, 3, padding=1)
        self.boxes = nn.Conv2d(6, ANCHORS * 4, 3, padding=1)

    def forward(self, x: Tensor) -> dict[str, Tensor | list[Tensor]]:
        c3 = torch.relu(self.c3(x))
        p4 = self.lateral4(torch.relu(self.c4(c3)))
        p3 = self.lateral3(c3) + nn.functional.interpolate(p4, scale_factor=2.0, mode="nearest")
        scores, boxes = [], []
        for level in (p3, p4):
            tower = torch.relu(self.tower(level))
            scores.append(self.classes(tower).permute(0, 2, 3, 1).reshape(x.shape[0], -1, CLASSES))
            boxes.append(self.boxes(tower))
        return {"scores": torch.cat(scores, 1).sigmoid(), "boxes": boxes}


DETECTOR = Architecture(
    Detector,
    images(3, 16, 16),
    layers=(
        Row("c3", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 3, weights=8 * 3 * 3 * 3),
        Row("c4", "conv2d", macs=4 * 4 * 8 * 3 * 3 * 8, weights=8 * 3 * 3 * 8),
        Row("lateral4", "conv2d", macs=4 * 4 * 6 * 8, weights=6 * 8),
        Row("lateral3", "conv2d", macs=8 * 8 * 6 * 8, weights=6 * 8),
        Row("tower", "conv2d", macs=8 * 8 * 6 * 3 * 3 * 6, weights=6 * 3 * 3 * 6),
        Row("classes", "conv2d", macs=8 * 8 * 6 * 3 * 3 * 6, weights=6 * 3 * 3 * 6),
        Row("boxes", "conv2d", macs=8 * 8 * 8 * 3 * 3 * 6, weights=8 * 3 * 3 * 6),
        Row("tower#2", "conv2d", macs=4 * 4 * 6 * 3 * 3 * 6, weights=6 * 3 * 3 * 6),
        Row("classes#2", "conv2d", macs=4 * 4 * 6 * 3 * 3 * 6, weights=6 * 3 * 3 * 6),
        Row("boxes#2", "conv2d", macs=4 * 4 * 8 * 3 * 3 * 6, weights=8 * 3 * 3 * 6),
    ),
    # the head's weights count once, though it is called twice
    parameters=(8 * 27 + 8) + (8 * 72 + 8) + 2 * (6 * 8 + 6) + 2 * (6 * 54 + 6) + (8 * 54 + 8),
)
