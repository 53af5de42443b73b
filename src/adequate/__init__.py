"""Finds the arithmetic a trained network needs, no more and no less, and emulates it bit for bit.

The public names, each loaded when it is first used, so that ``adequate --help`` does not wait for torch.
"""

from importlib import import_module

_HOME = {
    "adequate.accelerators": ("Operands",),
    "adequate.accelerators.costing": ("cost", "layer_costs"),
    "adequate.bias_correction": ("correct_bias",),
    "adequate.calibration": ("entropy", "least_squared_error", "min_max", "percentile"),
    "adequate.comparison": ("compare",),
    "adequate.condensing": ("Condensed", "condense"),
    "adequate.data": ("Dataset", "Split", "load"),
    "adequate.design": ("Design", "LayerDesign", "difference"),
    "adequate.emulated_layer": ("float_inside",),
    "adequate.emulation": ("emulate",),
    "adequate.evaluation": ("Score", "evaluate", "evaluate_all"),
    "adequate.exploration": (
        "Context",
        "Query",
        "Result",
        "Space",
        "Store",
        "Trial",
        "Widths",
        "affine",
        "approximate",
        "bayesian",
        "best_minifloat_split",
        "best_static_split",
        "delta_debugging",
        "dynamic_fixed",
        "evolutionary",
        "exhaustive",
        "hypervolume",
        "max_minus_one",
        "min_plus_one",
        "minifloat_uniform",
        "narrowest",
        "power_of_two_weights",
        "random_points",
        "ristretto",
        "search",
        "sensitivity",
        "static_fixed",
        "surrogate",
        "tabu",
    ),
    "adequate.exporters": ("export_hls", "export_onnx", "export_qonnx", "export_verilog"),
    "adequate.finetuning": (
        "FittedError",
        "Recipe",
        "SmoothedDifference",
        "adaround",
        "condensed",
        "finetune",
        "learn_steps",
        "refit_batchnorm",
        "remap_weights",
    ),
    "adequate.formats": (
        "Binary",
        "Codebook",
        "Fixed",
        "Format",
        "Minifloat",
        "Overflow",
        "PerChannel",
        "PowerOfTwo",
        "Rounding",
        "Scaled",
        "SharedExponent",
        "Ternary",
        "parse",
    ),
    "adequate.lowering": ("lower",),
    "adequate.metrics": ("cross_entropy", "top1", "top5"),
    "adequate.network": ("Layer", "Network", "drop_identities", "equalize", "fold_batchnorm", "fold_bias", "trace"),
    "adequate.network.reading": ("read",),
    "adequate.operand_codes": ("operand_histograms",),
    "adequate.operators": ("Accumulator", "Multiplier", "Order", "catalog", "errors", "load_netlist", "load_table"),
    "adequate.profiling": ("Ranges", "profile"),
    "adequate.register_widths": ("accumulator_widths",),
    "adequate.program": ("Program",),
    "adequate.reporting": ("report",),
    "adequate.run": ("Run",),
    "adequate.sampled_operands": ("operands",),
    "adequate.zoo": ("entry",),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = sorted(_MODULE)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> object:
    if name not in _MODULE:
        raise AttributeError(f"adequate has no {name!r}; it has {', '.join(__all__)}")
    return getattr(import_module(_MODULE[name]), name)


def __dir__() -> list[str]:
    return __all__
