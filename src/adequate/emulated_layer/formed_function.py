"""A function in its integer form: exact in evaluation, torch's own between quantisers in training."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from adequate.design import LayerDesign
from adequate.emulated_layer.forms import Given, IntegerForm, arguments_of
from adequate.emulated_layer.function import described
from adequate.network.modes import Mode
from adequate.quantization import quantize


class FormedFunction(nn.Module):
    """The integer form of a layer; ``mode`` is the argument of its call that is another one in training, if any is."""

    def __init__(
        self, form: IntegerForm, design: LayerDesign, operation: Callable[..., Tensor], mode: Mode | None
    ) -> None:
        super().__init__()
        self.form, self.design, self.operation, self.mode = form, design, operation, mode

    def extra_repr(self) -> str:
        """Layer and design, for ``print(module)``."""
        return described(self.form.layer, self.design)

    def forward(self, *args: Any, **kwargs: Any) -> Tensor:
        """Called with the arguments of the graph's own call, which it replaces."""
        arguments = arguments_of(self.operation, args, kwargs)
        data = next(name for name, one in arguments.items() if isinstance(one, Tensor))
        x = arguments.pop(data)
        if not self.training:
            return self.form(x, Given(self.operation, arguments))
        if self.mode is not None:
            arguments[self.mode.argument] = self.mode.training
        y = self.operation(**{data: quantize(x, self.form.input, self.form.what("input"))}, **arguments)
        return quantize(y, self.form.output, self.form.what("output"))
