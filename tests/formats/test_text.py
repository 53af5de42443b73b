"""Text both ways, and what is said of text that is no format."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adequate.formats import (
    BFLOAT16,
    BINARY16,
    BINARY32,
    E2M1,
    E4M3,
    FORMATS,
    Binary,
    Codebook,
    Fixed,
    Format,
    Minifloat,
    Nearest,
    Overflow,
    PowerOfTwo,
    Rounding,
    Scaled,
    SharedExponent,
    Specials,
    Ternary,
    Underflow,
    parse,
)


@pytest.mark.parametrize(
    ("text", "format"),
    [
        ("fixed(8,4)", Fixed(8, 4)),
        ("fixed(8,-4,unsigned)", Fixed(8, -4, signed=False)),
        ("fixed(8,4,narrow)", Fixed(8, 4, narrow=True)),
        ("fixed(8,4,rounding=down,overflow=wrap)", Fixed(8, 4, rounding=Rounding.DOWN, overflow=Overflow.WRAP)),
        ("float(4,3)", Minifloat(4, 3)),
        ("float(4,3,bias=8,underflow=flush,specials=nan)", Minifloat(4, 3, 8, Underflow.FLUSH, Specials.NAN)),
        ("pow2(4)", PowerOfTwo(4)),
        ("pow2(4,zero)", PowerOfTwo(4, zero=True)),
        ("pow2(4,max_exponent=0,nearest=value)", PowerOfTwo(4, 0, nearest=Nearest.VALUE)),
        ("binary", Binary()),
        ("ternary", Ternary()),
        ("ternary(threshold=0.25)", Ternary(0.25)),
        ("codebook(-0.5,0.25)", Codebook((-0.5, 0.25))),
        ("scaled(fixed(8,0),0.012299999594688416,zero=3)", Scaled(Fixed(8, 0), 0.012299999594688416, 3)),
        ("scaled(float(2,1),shared(32),axis=-1)", Scaled(E2M1, SharedExponent(32), axis=-1)),
        ("scaled(fixed(4,0),(0.5,0.25),axis=0)", Scaled(Fixed(4, 0), (0.5, 0.25), axis=0)),
        ("scaled(fixed(4,0),(0.5,),zero=(1,),axis=0)", Scaled(Fixed(4, 0), (0.5,), (1,), axis=0)),
        ("scaled(codebook(-1.0,0.0,1.0),2.0)", Scaled(Codebook((-1.0, 0.0, 1.0)), 2.0)),
        ("scaled(binary,2.0)", Scaled(Binary(), 2.0)),
    ],
)
def test_both_ways(text: str, format: Format) -> None:
    assert str(format) == text
    assert parse(text) == format


@pytest.mark.parametrize(
    ("text", "format"),
    [
        (" fixed ( 8 , 4 ) ", Fixed(8, 4)),
        ("fixed(frac=4,bits=8)", Fixed(8, 4)),
        ("binary()", Binary()),
        ("pow2(4,-1)", PowerOfTwo(4)),
        ("codebook(-1,0,1e0)", Codebook((-1.0, 0.0, 1.0))),
        ("scaled(e2m1,1)", Scaled(E2M1, 1.0)),
        ("e4m3", E4M3),
        ("BFLOAT16", BFLOAT16),
        ("binary16", BINARY16),
        ("binary32", BINARY32),
    ],
)
def test_other_ways_to_write_them(text: str, format: Format) -> None:
    assert parse(text) == format


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fixd(8,4)", r"'fixd\(8,4\)': no such format 'fixd'; formats are fixed\(bits,frac\), float\(exp,man\), pow2"),
        ("", "an end"),
        ("fixed", "fixed lacks bits, frac; write fixed"),
        ("fixed(8)", "fixed lacks frac"),
        ("fixed(8,4", "closed by"),
        ("fixed(8,4))", r"'\)' where it should end"),
        ("fixed(8 4)", "separated by ','"),
        ("fixed(,8)", "',' where a value should be"),
        ("fixed(8,4,1,0,nearest_even,wrap,7)", "7 is one too many"),
        ("fixed(8,4,1)", "signed of fixed must be one of True, False, not 1"),
        ("fixed(8,4,bits=8)", "'bits' is one too many"),
        ("fixed(8,4,narrow,narrow)", "'narrow' is one too many"),
        ("fixed(8,4,width=8)", "'width' is one too many"),
        ("fixed(8,4,rounding=up)", "rounding is nearest_even or .* not 'up'"),
        ("fixed(8.5,4)", "bits of fixed must be an integer"),
        ("fixed(99,4)", "from 1 to 64, not 99"),
        ("fixed(8,4);import os", "';' at character 10"),
        ("__import__('os')", '"\'" at character 11'),
        ("shared(3)", "no format"),
        ("3", "no format"),
        ("(1,2)", "no format"),
        ("scaled(fixed(8,0),0.1)", "for instance 0.10000000149011612"),
        ("scaled(3,0.5)", "must be a format"),
        ("codebook(zero,1)", "a value of codebook"),
        ("codebook(a=1,2)", "a value of codebook"),
        ("scaled(" * 50 + "binary" + ",1)" * 50, "nested too deeply"),
        ("(" * 100000, "nested too deeply"),
        ("fixed(" + "9" * 5000 + ",1)", "word or number of 5000 characters"),
    ],
    ids=lambda text: text[:40],
)
def test_what_is_no_format_gets_one_clear_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        parse(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


@settings(deadline=None, max_examples=300, derandomize=True)
@given(st.text(alphabet="fixedloatpw2bncrsh(),=.-+e0189 \n\t_'é", max_size=40))
def test_any_text_is_a_format_or_a_value_error(text: str) -> None:
    try:
        format = parse(text)
    except ValueError:
        return
    assert parse(str(format)) == format


@settings(deadline=None, max_examples=100, derandomize=True)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False, width=32), min_size=2, max_size=20, unique=True))
def test_floats_come_back_exactly(values: list[float]) -> None:
    if len({value + 0.0 for value in values}) < len(values):
        return
    format = Codebook(tuple(sorted(values)))
    assert parse(str(format)) == format


def test_every_family_has_its_own_name() -> None:
    assert len({family.name for family in FORMATS}) == len(FORMATS) == 8
