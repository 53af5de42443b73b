"""Operators from text: what is no operator is refused with what there is."""

import pytest

from adequate.operators import (
    ADDERS,
    MULTIPLIERS,
    AdderArray,
    Exact,
    LowerOr,
    Mitchell,
    SignMagnitude,
    catalog,
    parse_operator,
)


def test_every_member_of_the_catalogue() -> None:
    for one in (*catalog(8), *catalog(7, signed=True)):
        assert parse_operator(str(one)) == one


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        (" exact( 8 , 8 ) ", Exact(8, 8)),
        ("exact(width_b=4,width_a=8)", Exact(8, 4)),
        ("mitchell(8,8,None)", Mitchell(8, 8)),
        ("sign_magnitude(mitchell(8,8,4),signed_a=False)", SignMagnitude(Mitchell(8, 8, 4), signed_a=False)),
        ("adder_array(4,4,lower_or(8,lower=3))", AdderArray(4, 4, LowerOr(8, 3))),
    ],
)
def test_ways_of_writing(text: str, meant: object) -> None:
    assert parse_operator(text) == meant


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("drum(8,8)", r"write drum\(width_a,width_b,segment\)"),
        ("drum(8,8,4,4)", r"write drum\(width_a,width_b,segment\)"),
        ("drum(8,8,4,segment=4)", r"write drum\(width_a,width_b,segment\)"),
        ("mitchell(8,8,bits=4)", r"write mitchell\(width_a,width_b,\[fraction=...\]\)"),
        ("mitchell(8,8,**x)", "should be|write mitchell"),
        ("drum(8,8,4.5)", "segment of drum must be an integer|an argument should be"),
        ("drum(8,8,'4')", "segment of drum must be an integer from 1 to 8, not '4'"),
        ("dram(8,8,4)", "no such operator 'dram'; operators are exact"),
        ("sign_magnitude(lower_or(8,4))", "multiplier of sign_magnitude is a Multiplier, not lower_or"),
        ("sign_magnitude(3)", "multiplier of sign_magnitude is a Multiplier, not 3"),
        ("adder_array(4,4,exact(4,4))", "adder of adder_array is a Adder, not exact"),
        ("minifloat_product(fixed(8,4),float(4,3),float(4,3))", "activation of minifloat_product is a Minifloat"),
        ("minifloat_product(float(4,),float(4,3),float(4,3))", "float lacks man"),
        ("exact(8,8,signed_a=1)", "signed_a of exact is a bool, not 1"),
        ("__import__('os').system('true')", "an argument should be"),
        ("fixed(8,4)", "is no operator"),
        ("8", "is no operator"),
        ("exact(8,8", "is no operator"),
        ("", "is no operator"),
        ("\0", "is no operator|null bytes"),
        ("(" * 900, "is no operator|nested"),
        ("exact(" * 5000, "has 30000 characters"),
    ],
)
def test_what_is_no_operator_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        parse_operator(text)


def test_names_are_snake_case_and_their_own() -> None:
    names = [kind.name for kind in (*MULTIPLIERS, *ADDERS)]
    assert len(set(names)) == len(names)
    assert {"exact", "truncated_array", "sign_magnitude", "minifloat_product", "lower_or"} <= set(names)
