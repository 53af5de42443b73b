"""What was measured on the Eyeriss chip (Chen et al., JSSC 52(1), 2017), as in github cucapra/fodlam@cde53fd."""

from typing import NamedTuple


class Measured(NamedTuple):
    """One layer on the chip at 200 MHz, 16 bits: AlexNet of four images."""

    power_mw: float
    total_ms: float
    processing_ms: float
    active: int
    zeros: float
    """Share of the inputs."""
    buffer_mb: float
    dram_mb: float


ALEXNET = {
    "conv1": Measured(332, 20.9, 16.5, 154, 0.0001, 18.5, 5.0),
    "conv2": Measured(288, 41.9, 39.2, 135, 0.387, 77.6, 4.0),
    "conv3": Measured(266, 23.6, 21.8, 156, 0.725, 50.2, 3.0),
    "conv4": Measured(235, 18.4, 16.0, 156, 0.793, 37.4, 2.1),
    "conv5": Measured(236, 10.5, 10.0, 156, 0.776, 24.9, 1.3),
}
ALEXNET_IMAGES = 4
ALEXNET_TOTAL = Measured(278, 115.3, 103.5, 148, 0.5753, 208.5, 15.4)

VGG16_MS = {
    "conv1_1": 38.0,
    "conv1_2": 810.6,
    "conv2_1": 405.3,
    "conv2_2": 810.8,
    "conv3_1": 204.0,
    "conv3_2": 408.1,
    "conv3_3": 408.1,
    "conv4_1": 105.1,
    "conv4_2": 210.0,
    "conv4_3": 210.0,
    "conv5_1": 48.3,
    "conv5_2": 48.5,
    "conv5_3": 48.5,
}
"""Processing, in ms, of three images."""
VGG16_IMAGES = 3
VGG16_PROCESSING_MS = 3755.2
VGG16_BUFFER_MB = 11035.8
VGG16_DRAM_MB = 321.1

NORMALISED = {
    "conv1": (1.69, 2.46, 6.75),
    "conv2": (3.58, 2.27, 14.33),
    "conv3": (2.39, 2.02, 9.57),
    "conv4": (1.79, 1.57, 7.18),
    "conv5": (1.20, 1.05, 4.78),
    "fc6": (0.60, 7.78, 2.42),
    "fc7": (0.27, 3.39, 1.07),
    "fc8": (0.07, 0.84, 0.26),
}
"""Energy of ALUs, DRAM and register files in 1e9 MACs: AlexNet of 16 images on 16 x 16 elements.

Chen et al., ISCA 2016, fig. 10, as in github stanford-mast/nn_dataflow@198a527.
"""
NORMALISED_IMAGES = 16
