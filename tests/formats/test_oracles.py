"""Two independent libraries decode and round as we do: ml_dtypes and gfloat, for every format that they have."""

import gfloat
import gfloat.formats as gf
import ml_dtypes
import numpy as np
import pytest
import torch

from adequate.formats import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    E2M1,
    E2M3,
    E3M2,
    E4M3,
    E5M2,
    Fixed,
    Format,
    Minifloat,
    Rounding,
    Scaled,
    SharedExponent,
    Specials,
)

ML_DTYPES = [
    (BFLOAT16, ml_dtypes.bfloat16),
    (BINARY16, np.float16),
    (E4M3, ml_dtypes.float8_e4m3fn),
    (E5M2, ml_dtypes.float8_e5m2),
    (E3M2, ml_dtypes.float6_e3m2fn),
    (E2M3, ml_dtypes.float6_e2m3fn),
    (E2M1, ml_dtypes.float4_e2m1fn),
    (Minifloat(4, 3, specials=Specials.IEEE), ml_dtypes.float8_e4m3),
    (Minifloat(3, 4, specials=Specials.IEEE), ml_dtypes.float8_e3m4),
]
GFLOAT = [
    (BFLOAT16, gf.format_info_bfloat16),
    (BINARY16, gf.format_info_binary16),
    (E4M3, gf.format_info_ocp_e4m3),
    (E5M2, gf.format_info_ocp_e5m2),
    (E3M2, gf.format_info_ocp_e3m2),
    (E2M3, gf.format_info_ocp_e2m3),
    (E2M1, gf.format_info_ocp_e2m1),
    (Fixed(8, 6), gf.format_info_ocp_int8),
]
MODES = {
    Rounding.NEAREST_EVEN: gfloat.RoundMode.TiesToEven,
    Rounding.NEAREST_AWAY: gfloat.RoundMode.TiesToAway,
    Rounding.TOWARD_ZERO: gfloat.RoundMode.TowardZero,
    Rounding.DOWN: gfloat.RoundMode.TowardNegative,
}


def floats(count: int = 100_000) -> torch.Tensor:
    """Random float32 bit patterns, and normal numbers on a few scales; finite."""
    generator = torch.Generator().manual_seed(11)
    raw = torch.randint(-(2**31), 2**31, (count,), generator=generator).to(torch.int32).view(torch.float32)
    normal = torch.randn(count, generator=generator) * 2.0 ** torch.randint(-20, 12, (count,), generator=generator)
    coarse = (normal * 64).round() / 64  # many ties
    x = torch.cat([raw, normal, coarse])
    return x[x.isfinite()]


def decoded(format: Format) -> list[float]:
    """The value of every code, NaN where it is none."""

    def one(code: int) -> float:
        try:
            return float(format.decode(code))
        except ValueError:
            return float("nan")

    return [one(code) for code in format.word]


@pytest.mark.parametrize(("format", "dtype"), ML_DTYPES, ids=str)
def test_ml_dtypes_decodes_every_code_alike(format: Format, dtype: type) -> None:
    codes = np.arange(2**format.bits, dtype=np.uint16 if format.bits > 8 else np.uint8)
    with np.errstate(invalid="ignore"):  # NaN codes
        theirs = codes.view(dtype).astype(np.float64)
    np.testing.assert_array_equal(decoded(format), np.where(np.isinf(theirs), np.nan, theirs))


@pytest.mark.parametrize(("format", "dtype"), ML_DTYPES, ids=str)
def test_ml_dtypes_rounds_alike_inside_the_range(format: Format, dtype: type) -> None:
    """Beyond the range it gives infinity, NaN or the end, and we the end."""
    x = floats()
    ours = format.quantize(x)
    inside = format.inside(x)
    theirs = torch.from_numpy(x.numpy()[inside.numpy()].astype(dtype).astype(np.float32))
    assert torch.equal(ours[inside], theirs)
    assert torch.equal(ours[~inside], x[~inside].sign() * float(format.maximum))
    codes = format.encode(ours[inside & (ours != 0)])
    raw = theirs[theirs != 0].numpy().astype(dtype).view(np.uint16 if format.bits > 8 else np.uint8)
    assert torch.equal(codes, torch.from_numpy(raw.astype(np.int64)))


def test_numpy_rounds_to_binary32_alike() -> None:
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(100_000, generator=generator, dtype=torch.float64) * 2.0 ** torch.randint(
        -150, 120, (100_000,), generator=generator
    )
    assert torch.equal(BINARY32.quantize(x), torch.from_numpy(x.numpy().astype(np.float32)).double())


@pytest.mark.parametrize(("format", "info"), GFLOAT, ids=str)
def test_gfloat_decodes_every_code_alike(format: Format, info: gfloat.FormatInfo) -> None:
    codes = range(2**format.bits) if format.word.start == 0 else [code % 2**format.bits for code in format.word]
    theirs = np.array([gfloat.decode_float(info, code).fval for code in codes])
    np.testing.assert_array_equal(decoded(format), np.where(np.isinf(theirs), np.nan, theirs))


@pytest.mark.parametrize("rounding", MODES, ids=lambda rounding: rounding.value)
@pytest.mark.parametrize(("format", "info"), GFLOAT, ids=str)
def test_gfloat_rounds_alike_in_every_mode_and_saturates(
    format: Format, info: gfloat.FormatInfo, rounding: Rounding
) -> None:
    x = floats(20_000).double()
    ours: Format
    if isinstance(format, Minifloat):
        ours = Minifloat(format.exp, format.man, specials=format.specials, rounding=rounding)
    else:
        ours = Fixed(8, 6, rounding=rounding)
    theirs = gfloat.round_ndarray(info, x.numpy(), MODES[rounding], sat=True)
    assert torch.equal(ours.quantize(x), torch.from_numpy(theirs))


@pytest.mark.parametrize(
    ("element", "info"),
    [
        (E4M3, gf.format_info_mxfp8_e4m3),
        (E5M2, gf.format_info_mxfp8_e5m2),
        (E3M2, gf.format_info_mxfp6_e3m2),
        (E2M3, gf.format_info_mxfp6_e2m3),
        (E2M1, gf.format_info_mxfp4_e2m1),
        (Fixed(8, 6, narrow=True), gf.format_info_mxint8),
    ],
    ids=str,
)
def test_gfloat_quantizes_mx_blocks_alike(element: Format, info: gfloat.BlockFormatInfo) -> None:
    """MXINT8 may leave out its -2 (OCP MX v1.0, 5.3.4); as we do and gfloat does not, there magnitudes are compared."""
    generator = torch.Generator().manual_seed(9)
    x = torch.randn(60, 32, generator=generator, dtype=torch.float64) * 2.0 ** torch.randint(
        -40, 40, (60, 1), generator=generator
    )
    x[0] = 0.0
    if isinstance(element, Fixed):
        x = x.abs()
    ours = Scaled(element, SharedExponent(info.k), axis=-1).quantize(x)
    theirs = np.stack([gfloat.quantize_block(info, row, gfloat.compute_scale_amax) for row in x.numpy()])
    assert torch.equal(ours, torch.from_numpy(theirs))
