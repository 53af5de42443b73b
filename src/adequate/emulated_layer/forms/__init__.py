"""Functions in integers: for each kind a stated sequence, which the emulation computes and a program holds."""

from adequate.emulated_layer.forms.batch_norm import BatchNorm
from adequate.emulated_layer.forms.choice import FORMS, form_of
from adequate.emulated_layer.forms.form import Given, IntegerForm, arguments_of
from adequate.emulated_layer.forms.lookup import Lookup
from adequate.emulated_layer.forms.lrn import LocalResponse
from adequate.emulated_layer.forms.prelu import Rectifier
from adequate.emulated_layer.forms.softmax import Softmax
from adequate.emulated_layer.forms.standardize import Standardize

__all__ = [
    "FORMS",
    "BatchNorm",
    "Given",
    "IntegerForm",
    "LocalResponse",
    "Lookup",
    "Rectifier",
    "Softmax",
    "Standardize",
    "arguments_of",
    "form_of",
]
