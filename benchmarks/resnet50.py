"""What tracing and emulating ResNet-50 cost in time and memory: one JSON line a figure.

Each phase runs in a process of its own. Its memory is the peak of the resident set (Linux, VmHWM) less what the process
held before: for the float network before it was built, for tracing beside the model, for emulating beside the traced
network. A small network is traced first, so that what torch loads once for all is not counted.
"""

import json
import subprocess
import sys
from pathlib import Path
from statistics import median
from time import perf_counter

import torch
from torch import nn

import adequate as aq

BATCH = 4
TRIALS = 5
SIZE = 224


class Peak:
    """The most this process holds from now on, beyond what it holds now."""

    def __init__(self) -> None:
        Path("/proc/self/clear_refs").write_text("5")
        self.before = self._status("VmRSS")

    @property
    def bytes(self) -> int:
        """So far."""
        return self._status("VmHWM") - self.before

    def _status(self, name: str) -> int:
        [line] = [one for one in Path("/proc/self/status").read_text().splitlines() if one.startswith(name)]
        return int(line.split()[1]) * 1024


def model() -> nn.Module:
    """Untrained: neither time nor memory depends on the weights."""
    torch.manual_seed(0)
    return aq.entry("resnet50").build().eval()


def images() -> torch.Tensor:
    """The batch that is run."""
    return torch.rand(BATCH, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(0))


def seconds_of_run(module: nn.Module, x: torch.Tensor) -> float:
    """One evaluation without gradients."""
    start = perf_counter()
    with torch.no_grad():
        module(x)
    return perf_counter() - start


def run_float() -> dict[str, float]:
    """The module itself."""
    peak, module, x = Peak(), model(), images()
    seconds_of_run(module, x)
    return {"forward_s": median(seconds_of_run(module, x) for _ in range(TRIALS)), "bytes": peak.bytes}


def run_trace() -> dict[str, float]:
    """Tracing, the model still held."""
    aq.trace(nn.Conv2d(3, 3, 1), torch.zeros(1, 3, 8, 8))
    module = model()
    peak, start = Peak(), perf_counter()
    network = aq.trace(module, torch.zeros(1, 3, SIZE, SIZE))
    return {"trace_s": perf_counter() - start, "bytes": peak.bytes, "layers": len(network.layers)}


def run_emulated() -> dict[str, float]:
    """Emulating 8-bit dynamic fixed point, a new module for every trial."""
    network = aq.trace(model(), torch.zeros(1, 3, SIZE, SIZE))
    design = aq.dynamic_fixed(aq.profile(network, [(images(), torch.zeros(BATCH))]), bits=8)
    peak, x, new, again = Peak(), images(), [], []
    for _ in range(TRIALS):
        start = perf_counter()
        emulated = aq.emulate(network, design)
        made = perf_counter() - start
        new.append(made + seconds_of_run(emulated, x))
        again.append(seconds_of_run(emulated, x))
        del emulated
    return {"added_per_trial_s": median(new) - median(again), "forward_s": median(again), "bytes": peak.bytes}


PHASES = {"float": run_float, "trace": run_trace, "emulated": run_emulated}


def measured(phase: str) -> dict[str, float]:
    """The figures of one phase, from a process of its own."""
    done = subprocess.run([sys.executable, __file__, phase], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Prints every figure."""
    found = {phase: measured(phase) for phase in PHASES}
    weights = 4 * sum(p.numel() for p in aq.entry("resnet50").skeleton().parameters())
    figures = {
        "trace resnet50, seconds": found["trace"]["trace_s"],
        "emulate resnet50, seconds added a trial": found["emulated"]["added_per_trial_s"],
        f"resnet50 forward, emulated to float, batch {BATCH}": found["emulated"]["forward_s"]
        / found["float"]["forward_s"],
        "trace resnet50, peak memory to the weights'": found["trace"]["bytes"] / weights,
        f"resnet50, peak memory emulated to float, batch {BATCH}": found["emulated"]["bytes"] / found["float"]["bytes"],
    }
    for figure, value in figures.items():
        print(json.dumps({"figure": figure, "value": round(value, 2), "threads": torch.get_num_threads()}), flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        print(json.dumps(PHASES[sys.argv[1]]()))
