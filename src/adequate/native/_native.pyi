from torch import Tensor

def processor() -> int: ...
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
