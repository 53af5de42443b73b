"""Why a program has no Verilog."""

from adequate.program.steps import Step


class Refusal(ValueError):
    """A step that the machine does not run."""

    def __init__(self, step: Step, reason: str) -> None:
        super().__init__(f"layer {step.layer!r}, step {type(step).__name__}: {reason}")
