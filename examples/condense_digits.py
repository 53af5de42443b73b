"""From a trained network to the narrowest arithmetic that keeps its accuracy, in Python.

The same as ``adequate condense digits-cnn --data digits --margin 1.0 --run ...``, with every step in view.
"""

from collections.abc import Mapping

import torch
from torch import Generator

import adequate as aq
from adequate.evaluation import evaluate_all

MARGIN = 1.0  # points
EPOCHS = 2


def main() -> None:
    """Trains, traces, profiles, searches, fine-tunes and writes ``digits.html`` and ``digits.json``."""
    chosen = aq.entry("digits-cnn")
    assert chosen.pretrained is not None
    model = chosen.pretrained(Generator().manual_seed(0), None)
    data = chosen.prepare(aq.load("digits"))
    train, validation = data.selection()
    calibration = data.calibration(Generator().manual_seed(0))

    network = aq.trace(model, torch.zeros(chosen.example_shape))
    ranges = aq.profile(network, calibration)

    def tuned(design: aq.Design, epochs: int) -> aq.Network:
        if epochs == 0:
            return network
        return aq.finetune(network, design, train, epochs=epochs, generator=Generator().manual_seed(0))

    def trial(design: aq.Design, epochs: int = 0, split: str = "validation") -> Mapping[str, float]:
        images = {"validation": validation, "calibration": calibration}[split]
        scores = evaluate_all(aq.emulate(tuned(design, epochs), design), images, (aq.top1, aq.cross_entropy))
        return {"accuracy": scores["top1"], "loss": scores["cross_entropy"]}

    result = aq.search(aq.ristretto(network, ranges, MARGIN, epochs=EPOCHS), trial)
    assert result.best is not None, f"nothing within {MARGIN} points"

    for name, layer in result.best.items():
        print(f"{name:6} input {layer.input}  weight {layer.weight}  output {layer.output}")
    print(f"{result.evaluations} designs tried")
    for what, emulated in (
        ("float", aq.emulate(network, aq.Design())),
        ("condensed", aq.emulate(network, result.best)),
        ("fine-tuned", aq.emulate(tuned(result.best, EPOCHS), result.best)),
    ):
        score = aq.evaluate(emulated, data.test)
        low, high = score.interval
        print(f"{what:10} {score:.4f} of {score.images} test images, 95 % in {low:.4f}..{high:.4f}")

    result.best.save("digits.json")
    aq.report(result, "digits.html", network=network, ranges=ranges, design=result.best)


if __name__ == "__main__":
    main()
