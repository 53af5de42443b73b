"""A design handed over as C++ and as Verilog, and proof that both compute what was emulated.

Needs g++ and Icarus Verilog. The same as ``adequate export RUN --to hls`` and ``adequate verify``, with every step in
view; about half a minute.
"""

from pathlib import Path

import torch
from torch import Generator

import adequate as aq
from adequate.exporters import verify_hls, verify_verilog

IMAGES = 4


def main() -> None:
    """Writes ``digits_hls/`` and ``digits_verilog/`` and compares every layer's numbers."""
    chosen = aq.entry("digits-cnn")
    assert chosen.pretrained is not None
    data = chosen.prepare(aq.load("digits"))
    network = aq.trace(chosen.pretrained(Generator().manual_seed(0), None), torch.zeros(chosen.example_shape))
    design = aq.dynamic_fixed(aq.profile(network, data.calibration(Generator().manual_seed(0))), bits=6)
    program = aq.lower(network, design)

    batch, _ = next(iter(data.test.first(IMAGES).batches(IMAGES)))
    emulated = aq.emulate(network, design)(batch)
    vectors = [program.encode(image) for image in batch.split(1)]
    for at, integers in enumerate(vectors):
        (logits,) = program.run(*integers)
        assert torch.equal(program.decode(program.outputs[0], logits).float(), emulated[at : at + 1])
    print(f"Python integers: {emulated.numel()} outputs of {IMAGES} images equal the emulation")

    aq.export_hls(program, Path("digits_hls"), images=vectors)
    print(f"C++:             {verify_hls(Path('digits_hls'))}")
    aq.export_verilog(program, Path("digits_verilog"), rows=2, columns=4, images=batch.split(1))
    print(f"Verilog:         {verify_verilog(Path('digits_verilog'))}")


if __name__ == "__main__":
    main()
