"""Compiles every kernel for processors of NVIDIA's without one; prints the code as JSON: {name: {"ptx", "cubin"}}."""

import json

import triton
import triton.language as tl
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from adequate.formats import Fixed, Minifloat, Overflow
from adequate.kernels.triton import accumulate, lookup
from adequate.kernels.triton.rounding import steps

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


def accumulated(lane: str, table: bool, register: object, product: object, capability: int) -> dict[str, object]:
    kind = "*u8" if table else "*fp32"
    pointers = {"x": kind, "w": kind, "sums": "*fp64", "x_batches": "*i64", "w_batches": "*i64"}
    constants = {"UNIT": 2.0**-7, "REGISTER": register, "PRODUCT": product, "LANE": getattr(tl, lane), **FLAT}
    constants["COMPENSATED"] = product is not None
    pointers, constants = (
        (pointers | {"table": "*i32"}, constants) if table else (pointers, constants | {"table": None})
    )
    return compiled(accumulate._accumulate, pointers, constants, capability)


half, wrapping = Minifloat(5, 10), Fixed(12, 4, overflow=Overflow.WRAP)
print(
    json.dumps(
        {
            "lookup, A100": looked_up("*u8", "*i16", "*i32", 80),
            "lookup, H100": looked_up("*i32", "*u16", "*i64", 90),
            "half in float32, H100": accumulated("float32", False, steps(half, "float32"), None, 90),
            "compensated half in float64, A100": accumulated(
                "float64", False, steps(half, "float64"), steps(half, "float64"), 80
            ),
            "wrapping, table, H100": accumulated("float32", True, steps(wrapping, "float32"), None, 90),
        }
    )
)
