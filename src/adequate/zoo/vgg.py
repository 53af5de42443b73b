"""VGG-16, the heavy one."""

from collections import OrderedDict

from torch import nn

STAGES = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
"""Output channels of the 3 x 3 convolutions between two poolings (table 1, column D)."""


class VGG16(nn.Sequential):
    """Thirteen 3 x 3 convolutions in five stages, three fully connected layers; 138,357,544 parameters.

    Input (N, 3, 224, 224), BGR 0..255 minus 103.939, 116.779, 123.68; output (N, 1000). Layers bear the names of the
    published Caffe model.
    Source: Simonyan and Zisserman, ICLR 2015, configuration D.
    """

    def __init__(self) -> None:
        layers: dict[str, nn.Module] = {}
        channels = 3
        for stage, widths in enumerate(STAGES, 1):
            for index, width in enumerate(widths, 1):
                layers[f"conv{stage}_{index}"] = nn.Conv2d(channels, width, 3, padding=1)
                layers[f"relu{stage}_{index}"] = nn.ReLU()
                channels = width
            layers[f"pool{stage}"] = nn.MaxPool2d(2)
        layers["flatten"] = nn.Flatten()
        for number, (inputs, outputs) in enumerate(((512 * 7 * 7, 4096), (4096, 4096)), 6):
            layers[f"fc{number}"] = nn.Linear(inputs, outputs)
            layers[f"relu{number}"] = nn.ReLU()
            layers[f"drop{number}"] = nn.Dropout(0.5)
        layers["fc8"] = nn.Linear(4096, 1000)
        super().__init__(OrderedDict(layers))
