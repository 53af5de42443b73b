"""How a kernel's source is compiled for each kind of processor that runs here, as CMakeLists.txt does."""

from adequate.native import Processor, processor

AVX2 = ("-mavx2", "-mfma", "-mbmi2")
AVX512 = (*AVX2, "-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl")
PAIRS = (*AVX2, "-DADEQUATE_VECTOR=64")  # vectors of 512 bits, taken apart by the compiler


def builds_here() -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """The flags of each build by its name, and the definitions of all sources.

    A processor with AVX2 alone runs the build for AVX-512 in pairs of vectors of 256 bits.
    """
    if processor < Processor.AVX2:
        return {"portable": ()}, ()
    wide = AVX512 if processor >= Processor.AVX512 else PAIRS
    return {"portable": (), "avx2": AVX2, "avx512": wide}, ("-DADEQUATE_X86",)
