from torch import Tensor

def processor() -> int: ...
def fingerprint(processor: int, address: int, size: int, multipliers: int, block: int) -> int: ...
def lookup_convolution(
    x: Tensor,
    w: Tensor,
    table: Tensor,
    stride: tuple[int, ...],
    dilation: tuple[int, ...],
    groups: int,
    out: Tensor,
    processor: int,
    threads: int,
    route: int = -1,
) -> None: ...
def lookup_matrices(
    x: Tensor, w: Tensor, table: Tensor, out: Tensor, processor: int, threads: int, route: int = -1
) -> None: ...
def pad_patterns(x: Tensor, out: Tensor, before: tuple[int, ...], zero: int, processor: int, threads: int) -> None: ...
def quantize_fixed(
    processor: int,
    threads: int,
    x: int,
    out: int,
    count: int,
    is_double: bool,
    in_double: bool,
    key: int,
    addend: int,
    rectified: bool,
    step: float,
    low: float,
    high: float,
    rounding: int,
) -> tuple[int, float]: ...
def encode_fixed(
    processor: int, threads: int, x: int, out: int, count: int, step: float, low: float, high: float, rounding: int
) -> int: ...
def quantize_minifloat(
    processor: int,
    threads: int,
    x: int,
    out: int,
    count: int,
    is_double: bool,
    in_double: bool,
    key: int,
    addend: int,
    rectified: bool,
    smallest: float,
    low_step: float,
    ulp: float,
    highest: float,
    flush: bool,
    settled: int,
    rounding: int,
) -> tuple[int, float]: ...
def quantize_power_of_two(
    processor: int,
    threads: int,
    x: int,
    out: int,
    count: int,
    is_double: bool,
    in_double: bool,
    key: int,
    addend: int,
    rectified: bool,
    smallest: float,
    highest: float,
    zero: bool,
    nearest_value: bool,
    settled: int,
    stochastic: bool,
) -> tuple[int, float]: ...
def scale_sums(
    processor: int,
    threads: int,
    sums: int,
    out: int,
    count: int,
    unit: float,
    bias: int,
    channels: int,
    inner: int,
) -> None: ...

_Rounding = tuple[int, float, float, float, bool, float, float]

def accumulate(
    rows: Tensor,
    row_of: Tensor,
    columns: Tensor,
    column_of: Tensor,
    block: int,
    product: _Rounding,
    sum: _Rounding,
    out: Tensor,
    processor: int,
    threads: int,
) -> None: ...
def extent(x: Tensor, processor: int) -> tuple[float, float, int]: ...
def lanes(processor: int, wide: bool) -> int: ...
def multiplied(
    activation: Tensor,
    weight: Tensor,
    stride: tuple[int, int],
    dilation: tuple[int, int],
    output: tuple[int, int],
    tiles: tuple[int, int],
    inputs: int,
    weights: int,
    banks: int,
    block: int,
    processor: int,
) -> tuple[int, int, int]: ...
def promote(
    nonzero: Tensor, offsets: list[tuple[int, int]], ahead: int, source: Tensor, emitted: Tensor, processor: int
) -> None: ...
def retire(magnitudes: Tensor, steps: Tensor, source: Tensor, reach: int, cycles: Tensor, processor: int) -> None: ...
