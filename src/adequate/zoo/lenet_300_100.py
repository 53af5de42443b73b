"""LeNet-300-100, the fully connected benchmark of the pruning literature."""

from torch import Tensor, nn


class LeNet300100(nn.Module):
    """Three fully connected layers, 300 and 100 hidden units with ReLU; 266,610 parameters.

    Input (N, 1, 28, 28), output (N, 10).
    Source: LeCun et al., Proc. IEEE 86 (1998), section III.C; with ReLU as in Han et al., NIPS 2015, section 4.1.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(784, 300)
        self.relu1 = nn.ReLU()
        self.fc2 = nn.Linear(300, 100)
        self.relu2 = nn.ReLU()
        self.fc3 = nn.Linear(100, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu1(self.fc1(x.flatten(1)))
        return self.fc3(self.relu2(self.fc2(x)))
