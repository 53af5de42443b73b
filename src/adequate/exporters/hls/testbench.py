"""The program that runs the network and compares every layer with what the integer program has."""

from collections.abc import Mapping, Sequence
from typing import Any

from adequate.exporters.hls.parameters import packed
from adequate.exporters.hls.scope import Scope
from adequate.exporters.names import plain_text
from adequate.program.value import bits

MAIN = """\
static bool verify(int images) {
    compared.on = true;
    for (int image = 0; image < images && compared.right; ++image)
        if (!run_image(compared.folder, nullptr, image == 0) || !compared.readable) return false;
    if (compared.right) std::printf("0 mismatches of %ld values\\n", compared.values);
    return compared.right;
}

int main(int count, char** arguments) {
    const std::string verb = count > 1 ? arguments[1] : "verify", folder = count > 2 ? arguments[2] : ".";
    if (!load_parameters(folder)) return 2;
    compared.folder = folder + "/vectors";
    if (verb == "verify" && count <= 3) return verify(IMAGES) ? 0 : compared.right ? 2 : 1;
    if (verb == "initialisers" && count <= 3) return write_initialisers(folder) ? 0 : 2;
    if (verb == "run" && count == 6) {
        const std::string to = arguments[4];
        for (long image = 0; image < std::atol(arguments[5]); ++image)
            if (!run_image(arguments[3], &to, image == 0)) return 2;
        return 0;
    }
    std::fprintf(stderr, "testbench [verify|initialisers [FOLDER]], or testbench run FOLDER INPUTS OUTPUTS COUNT\\n");
    return 2;
}
"""


def testbench(scope: Scope, images: int) -> str:
    """The C++ of the program, for vectors of so many images."""
    program, lines = scope.program, list[str]()
    inputs = [step.value.name for step in program.inputs]
    for kind, values in (("input", inputs), ("layer", program.layers.values()), ("output", program.outputs)):
        names = list(program.layers) if kind == "layer" else list(values)
        rows = [
            _row(f"{kind}_{k}", name, value, scope) for k, (name, value) in enumerate(zip(names, values, strict=True))
        ]
        lines += [f"static recorded {kind.upper()}S[] = {{", *(f"    {row}," for row in rows or ["{}"]), "};"]
    ports = [f"input_{k}" for k in range(len(inputs))] + [f"output_{k}" for k in range(len(program.outputs))]
    body: list[str] = []
    for port, value in zip(ports, (*inputs, *program.outputs), strict=True):
        body.append(f"static stream<{scope.type(value)}, {scope.size(value)}> {port};")
    for k, value in enumerate(inputs):
        kind = f"{scope.type(value)}, {scope.size(value)}"
        body.append(f"if (!fill<{kind}>(input_{k}, INPUTS[{k}], from)) return false;")
    body.append(f"network({', '.join(ports)});")
    for k, value in enumerate(program.outputs):
        size = scope.size(value)
        body += [
            f"const {scope.type(value)}* const integers_{k} = drain<{scope.type(value)}, {size}>(output_{k});",
            f"compared.of(OUTPUTS[{k}], integers_{k}, {size});",
            f"if (to && !append(OUTPUTS[{k}], *to, integers_{k}, {size}, first)) return false;",
        ]
    return "\n".join(
        [
            "// Runs the network: `testbench verify` compares every layer with the vectors of the integer program.",
            "",
            '#include "files.hpp"',
            "",
            "template <typename T>",
            "static void probe(int layer, const T* integers, long count);",
            "",
            "#define PROBE(layer, integers, count) probe(layer, integers, count);",
            "",
            '#include "network.cpp"',
            '#include "testbench.hpp"',
            "",
            *lines,
            "",
            f"static const int IMAGES = {images};",
            "static comparison compared;",
            "",
            "template <typename T>",
            "static void probe(int layer, const T* integers, long count) {",
            "    compared.of(LAYERS[layer], integers, count);",
            "}",
            "",
            "// One image from files in `from`, its outputs to files in `to`, which are new with the first image.",
            "static bool run_image(const std::string& from, const std::string* to, bool first) {",
            *(f"    {line}" for line in body),
            "    return true;",
            "}",
            "",
            MAIN,
        ]
    )


def vectors(scope: Scope, runs: Sequence[Mapping[str, Any]]) -> dict[str, bytes]:
    """Files of the inputs, layers and outputs of traced images, by their names."""
    program = scope.program
    values = [*((f"input_{k}", step.value.name) for k, step in enumerate(program.inputs))]
    values += [(f"layer_{k}", name) for k, name in enumerate(program.layers.values())]
    values += [(f"output_{k}", name) for k, name in enumerate(program.outputs)]
    return {file: b"".join(encoded(scope, name, run[name]) for run in runs) for file, name in values}


def encoded(scope: Scope, name: str, integers: Any) -> bytes:
    """One image's integers of a value, as the testbench reads them."""
    return packed(integers.reshape(-1), layout(scope, name)[0])


def layout(scope: Scope, name: str) -> tuple[int, bool]:
    """Bits of a value's integers in files, and whether they are signed."""
    return bits(*scope.program.values[name].range)


def _row(file: str, name: str, value: str, scope: Scope) -> str:
    width, signed = layout(scope, value)
    return f'{{"{file}", "{plain_text(name)}", {width}, {str(signed).lower()}}}'
