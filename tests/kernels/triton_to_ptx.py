"""Compiles every kernel for processors of NVIDIA's without one; prints the code as JSON: {name: {"ptx", "cubin"}}."""

import json

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from adequate.kernels.triton import lookup

FLAT = {"ROWS": 64, "COLUMNS": 16}


def compiled(kernel, pointers: dict[str, str], constants: dict[str, object], capability: int) -> dict[str, object]:
    signature = {name: pointers.get(name, "constexpr" if name in constants else "i32") for name in kernel.arg_names}
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    made = triton.compile(source, target=GPUTarget("cuda", capability, 32), options={"enable_fp_fusion": False})
    return {"ptx": made.asm["ptx"], "cubin": len(made.asm["cubin"])}


def looked_up(x: str, entries: str, sums: str, capability: int) -> dict[str, object]:
    offsets = ("x_batches", "x_rows", "x_terms", "w_batches", "sum_batches", "sum_rows")
    pointers = {"x": x, "w": x, "table": entries, "sums": sums} | dict.fromkeys(offsets, "*i64")
    return compiled(lookup._lookup, pointers, FLAT, capability)


print(
    json.dumps(
        {
            "lookup, A100": looked_up("*u8", "*i16", "*i32", 80),
            "lookup, H100": looked_up("*i32", "*u16", "*i64", 90),
        }
    )
)
