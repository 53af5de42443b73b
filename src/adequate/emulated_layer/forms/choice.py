"""Which layers have an integer form."""

from collections.abc import Callable, Mapping

from adequate.design import LayerDesign
from adequate.emulated_layer.forms.batch_norm import batch_norm
from adequate.emulated_layer.forms.form import IntegerForm
from adequate.emulated_layer.forms.lookup import TABULATED, lookup
from adequate.emulated_layer.forms.lrn import local_response
from adequate.emulated_layer.forms.prelu import prelu
from adequate.emulated_layer.forms.softmax import softmax
from adequate.emulated_layer.forms.standardize import GROUPS, standardize
from adequate.network import Layer

FORMS: Mapping[str, Callable[[Layer, LayerDesign], IntegerForm | None]] = {
    **dict.fromkeys(TABULATED, lookup),
    **dict.fromkeys(GROUPS, standardize),
    "batch_norm": batch_norm,
    "softmax": softmax,
    "lrn": local_response,
    "prelu": prelu,
}
"""What looks for the form of an operation; None: its formats or arguments allow none."""


def form_of(layer: Layer, chosen: LayerDesign) -> IntegerForm | None:
    """The integer form of a layer: where there is one, the layer has both an input and an output format."""
    find = FORMS.get(layer.operation)
    return None if find is None else find(layer, chosen)
