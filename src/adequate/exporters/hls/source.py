"""The text of the synthesizable files."""

from dataclasses import dataclass

from adequate.exporters.hls.layers import Function, constants, function_code, functions
from adequate.exporters.hls.parameters import Parameters
from adequate.exporters.hls.scope import Scope
from adequate.program.steps import Input

PROBE = """\
#ifndef PROBE
#define PROBE(layer, integers, count)  // a testbench that includes this file sees the output of each layer here
#endif
"""


@dataclass(frozen=True)
class Source:
    """The files of a network, and the arrays that they read."""

    header: str
    network: str
    parameters: str
    arrays: tuple[Parameters, ...]


def source(scope: Scope) -> Source:
    """The C++ of a program.

    Raises:
        ValueError: C++ has no integers as wide as a value needs, or a code is not made in arithmetic; it is named.
    """
    found = functions(scope)
    written = [function_code(one, scope) for one in found]
    arrays = {one.name: one for one in (*constants(scope), *(one for _, code in written for one in code.arrays))}
    helpers = list(dict.fromkeys(one for _, code in written for one in code.functions))
    network = "\n\n".join(
        [
            '#include "network.h"\n\n#include "parameters.h"\n\n' + PROBE.rstrip(),
            *helpers,
            *(text for text, _ in written),
        ]
    )
    return Source(
        _header(scope),
        f"{network}\n\n{_network(found, scope)}",
        _parameters(list(arrays.values())),
        tuple(arrays.values()),
    )


def _header(scope: Scope) -> str:
    return "\n".join(
        [
            "// The network: it reads one image, element by element, and writes the outputs in the same way.",
            "#ifndef ADEQUATE_NETWORK_H",
            "#define ADEQUATE_NETWORK_H",
            "",
            '#include "arithmetic.hpp"',
            "",
            f"{_signature(scope)};",
            "",
            "#endif",
            "",
        ]
    )


def _signature(scope: Scope) -> str:
    inputs = [_stream(step.value.name, f"input_{k}", scope) for k, step in enumerate(scope.program.inputs)]
    outputs = [_stream(name, f"output_{k}", scope) for k, name in enumerate(scope.program.outputs)]
    return f"void network({', '.join([*inputs, *outputs])})"


def _stream(name: str, port: str, scope: Scope) -> str:
    return f"stream<{scope.type(name)}, {scope.size(name)}>& {port}"


def _network(found: tuple[Function, ...], scope: Scope) -> str:
    """The top level: arrays between the layers, and calls in the order of the program."""
    names, lines = scope.names, list[str]()

    def declared(name: str) -> str:
        return f"static {scope.type(name)} {names[name]}[{scope.size(name)}];"

    def transfer(name: str, line: str) -> list[str]:
        return [f"for (int i = 0; i < {scope.size(name)}; ++i) {{", "    HLS(PIPELINE II = 1)", f"    {line}", "}"]

    ports = [f"input_{k}" for k, _ in enumerate(scope.program.inputs)]
    ports += [f"output_{k}" for k, _ in enumerate(scope.program.outputs)]
    lines += [f"HLS(INTERFACE axis port = {port})" for port in ports]
    made = [step.value.name for step in scope.program.steps if isinstance(step, Input)]
    for k, name in enumerate(made):
        lines += [declared(name), *transfer(name, f"{names[name]}[i] = input_{k}.read();")]
    lines += _probes(set(scope.program.values) - {name for one in found for name in one.makes}, scope)
    for one in found:
        lines += [declared(name) for name in one.makes]
        lines.append(f"{one.name}({', '.join(names[name] for name in (*one.reads, *one.makes))});")
        lines += _probes(set(one.makes), scope)
    for k, name in enumerate(scope.program.outputs):
        lines += transfer(name, f"output_{k}.write({names[name]}[i]);")
    return "\n".join([f"{_signature(scope)} {{", *(f"    {line}" for line in lines), "}", ""])


def _probes(names: set[str], scope: Scope) -> list[str]:
    layers = enumerate(scope.program.layers.values())
    return [f"PROBE({k}, {scope.names[name]}, {scope.size(name)})" for k, name in layers if name in names]


def _parameters(arrays: list[Parameters]) -> str:
    lines = [
        "// The arrays that do not depend on the image. A synthesized network has them from initialisers, which",
        "// `make initialisers` writes; a running one reads them from files.",
        "#ifndef ADEQUATE_PARAMETERS_H",
        "#define ADEQUATE_PARAMETERS_H",
        "",
        '#include "arithmetic.hpp"',
        "",
        "#ifdef __SYNTHESIS__",
    ]
    for one in arrays:
        lines += [f"static const {one.type} {one.name}[{one.size}] = {{", f'#include "weights/{one.name}.inc"', "};"]
    lines.append("#else")
    lines += [f"static {one.type} {one.name}[{one.size}];" for one in arrays]
    lines += [
        "",
        "// Calls visit(name, array, count, bits, whether signed) for every array.",
        "template <typename Visit>",
        "void each_parameter(Visit visit) {",
    ]
    for one in arrays:
        width, signed = one.layout
        lines.append(f'    visit("{one.name}", {one.name}, {one.size}, {width}, {str(signed).lower()});')
    if not arrays:
        lines.append("    (void)visit;")
    return "\n".join([*lines, "}", "#endif", "", "#endif", ""])
