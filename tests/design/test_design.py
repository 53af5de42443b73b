"""Designs are values with one JSON text, and say so when a file is none."""

import copy
import json
import pickle
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adequate.design import Design, LayerDesign, difference
from adequate.design.json import SCHEMA, design_to_json
from adequate.formats import (
    E4M3,
    E5M2,
    FORMATS,
    Binary,
    Codebook,
    Fixed,
    Format,
    Minifloat,
    Nearest,
    Overflow,
    PerChannel,
    PowerOfTwo,
    Rounding,
    Scaled,
    SharedExponent,
    Ternary,
    Underflow,
)
from adequate.operators import (
    Accumulator,
    AdderArray,
    Drum,
    Exact,
    LowerOr,
    Mitchell,
    Multiplier,
    Order,
    SignMagnitude,
)

MEMBERS: tuple[Format, ...] = (
    Fixed(8, 4),
    Fixed(8, -3, signed=False, rounding=Rounding.DOWN, overflow=Overflow.WRAP),
    Fixed(6, 9, narrow=True),
    Minifloat(4, 3, underflow=Underflow.FLUSH),
    E4M3,
    E5M2,
    PowerOfTwo(4),
    PowerOfTwo(5, 2, zero=True, nearest=Nearest.VALUE),
    Binary(),
    Ternary(0.25),
    Codebook((-0.5, 0.25, 3.0)),
    Scaled(Fixed(8, 0), 0.0999755859375),
    Scaled(Fixed(8, 0, signed=False), (0.5, 0.3125), (3, 128), axis=1),
    Scaled(Minifloat(2, 1), SharedExponent(32), axis=-1),
    PerChannel((Fixed(8, 7), Minifloat(4, 3), Scaled(Fixed(4, 0), 0.5, zero=1)), 0),
)

MULTIPLIERS: tuple[Multiplier, ...] = (
    Drum(8, 8, 4),
    Exact(8, 4, signed_b=True),
    SignMagnitude(Mitchell(6, 6), signed_a=False),
    AdderArray(8, 8, LowerOr(16, 4)),
)

formats = st.sampled_from(MEMBERS)
accumulators = st.sampled_from(
    [
        Accumulator(Fixed(24, 8)),
        Accumulator(Minifloat(8, 23), Order.TREE),
        Accumulator(Minifloat(5, 10), Order.BLOCKED, block=64, product=E4M3),
        Accumulator(Minifloat(5, 10), compensated=True),
        Accumulator(Fixed(16, 8, overflow=Overflow.WRAP), adder=LowerOr(16, 4)),
    ]
)
multipliers = st.sampled_from(MULTIPLIERS)
layers = st.builds(LayerDesign, *(st.none() | slot for slot in (formats, formats, multipliers, accumulators, formats)))
names = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
designs = st.builds(Design, st.dictionaries(names, layers, max_size=6))


def saved(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "design.json"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_every_family_of_formats_is_among_the_members() -> None:
    assert {type(member) for member in MEMBERS} == set(FORMATS)


@given(designs)
def test_json_both_ways(tmp_path_factory: pytest.TempPathFactory, design: Design) -> None:
    path = tmp_path_factory.getbasetemp() / "one.json"
    design.save(path)
    again = Design.load(path)
    assert again == design
    assert (hash(again), again.digest) == (hash(design), design.digest)
    assert path.read_bytes() == design_to_json(design).encode()
    assert design_to_json(again) == design_to_json(design)
    jsonschema.validate(json.loads(path.read_text(encoding="utf-8")), SCHEMA, jsonschema.Draft202012Validator)


@given(designs)
def test_values_are_copied_and_pickled(design: Design) -> None:
    for again in (pickle.loads(pickle.dumps(design)), copy.deepcopy(design), copy.copy(design)):
        assert again == design
        assert hash(again) == hash(design)


@given(st.dictionaries(names, layers, max_size=6))
def test_the_order_of_layers_is_no_part_of_a_design(given: dict[str, LayerDesign]) -> None:
    turned = Design(dict(reversed(given.items())))
    assert turned == Design(given)
    assert turned.digest == Design(given).digest
    assert list(turned) == sorted(name for name, layer in given.items() if layer)


def test_the_bytes_of_a_file() -> None:
    """As the module's first line writes it, with two spaces and sorted names."""
    design = Design({"fc": LayerDesign(weight=Fixed(8, 7)), "conv": LayerDesign(accumulator=Accumulator(Fixed(24, 8)))})
    assert design_to_json(design) == (
        '{\n  "adequate_design": 1,\n  "layers": {\n    "conv": {\n      "accumulator": {\n'
        '        "format": "fixed(24,8)",\n        "order": "sequential"\n      }\n    },\n'
        '    "fc": {\n      "weight": "fixed(8,7)"\n    }\n  }\n}\n'
    )


def test_layers_change_by_name_and_only_there() -> None:
    start = Design({"a": LayerDesign(input=Fixed(8, 4), output=Fixed(8, 2))})
    both = start.with_layers(["a", "b"], weight=Binary())
    assert both["a"] == LayerDesign(Fixed(8, 4), Binary(), output=Fixed(8, 2))
    assert both["b"] == LayerDesign(weight=Binary())
    assert start["a"].weight is None
    assert both.with_layers("b", weight=None) == start.with_layers("a", weight=Binary())
    assert "b" not in start
    assert start["b"] == LayerDesign()
    assert not start["b"]
    with pytest.raises(TypeError, match="divider"):
        start.with_layers("a", divider=None)
    with pytest.raises(TypeError):
        start.layers["c"] = LayerDesign()  # type: ignore[index]


def test_designs_differ_from_other_things() -> None:
    design = Design({"a": LayerDesign(weight=Binary())})
    assert design != {"a": LayerDesign(weight=Binary())}
    assert design != Design({"a": LayerDesign(weight=Ternary())})
    assert len({design, Design(dict(design)), Design()}) == 2


def test_the_difference_names_slots_and_texts() -> None:
    a = Design({"x": LayerDesign(weight=Fixed(8, 7)), "y": LayerDesign(input=Binary())})
    b = Design(
        {"x": LayerDesign(weight=Fixed(4, 3), accumulator=Accumulator(Fixed(24, 8))), "z": LayerDesign(input=Binary())}
    )
    assert difference(a, b) == {
        "x": {"weight": ("fixed(8,7)", "fixed(4,3)"), "accumulator": (None, "sequential fixed(24,8)")},
        "y": {"input": ("binary", None)},
        "z": {"input": (None, "binary")},
    }
    assert difference(b, a)["x"]["weight"] == ("fixed(4,3)", "fixed(8,7)")


@given(designs, designs)
def test_the_difference_is_empty_for_equal_designs_only(a: Design, b: Design) -> None:
    assert difference(a, a) == {}
    assert bool(difference(a, b)) == (a != b)


LAYER = '{"adequate_design": 1, "layers": {"conv1": %s}}'
WRONG = {
    "no JSON": ("{", "not JSON: "),
    "nothing": ("", "not JSON: "),
    "deep": ("[" * 100_000, "not JSON: "),
    "deeper": ('{"a":' * 100_000, "not JSON: "),
    "a list": ("[1]", 'not a design: there is no "adequate_design" with its version'),
    "a number": ("1", 'not a design: there is no "adequate_design"'),
    "another file": ('{"layers": {}}', 'not a design: there is no "adequate_design"'),
    "newer": (
        '{"adequate_design": 2, "layers": {}}',
        "design version 2 is newer than version 1, which this adequate reads",
    ),
    "newer and more": ('{"adequate_design": 7, "trees": {}}', "design version 7 is newer than version 1"),
    "version 0": ('{"adequate_design": 0, "layers": {}}', "design version 0 is not a number from 1 to 1"),
    "version text": ('{"adequate_design": "1", "layers": {}}', "design version '1' is not a number from 1 to 1"),
    "version true": ('{"adequate_design": true, "layers": {}}', "design version True is not a number from 1 to 1"),
    "version 1.0": ('{"adequate_design": 1.0, "layers": {}}', "design version 1.0 is not a number from 1 to 1"),
    "no layers": ('{"adequate_design": 1}', "not a design: layers is NoneType, not an object"),
    "layers a list": ('{"adequate_design": 1, "layers": []}', "not a design: layers is list, not an object"),
    "more": ('{"adequate_design": 1, "layers": {}, "x": 1}', "a design has no 'x'; it has 'adequate_design', 'layers'"),
    "a layer's text": (LAYER % '"fixed(8,7)"', "not a design: layer 'conv1' is str, not an object"),
    "a slot": (
        LAYER % '{"divider": "x"}',
        "layer 'conv1', slot 'divider': no such slot; a layer has 'input', 'weight', 'multiplier'",
    ),
    "a multiplier": (LAYER % '{"multiplier": "drumm(8,8,4)"}', "layer 'conv1', slot 'multiplier': 'drumm(8,8,4)': no "),
    "a bad multiplier": (LAYER % '{"multiplier": "drum(8,8,40)"}', "layer 'conv1', slot 'multiplier': "),
    "a format for one": (LAYER % '{"multiplier": "fixed(8,4)"}', "layer 'conv1', slot 'multiplier': "),
    "an adder for one": (
        LAYER % '{"multiplier": "lower_or(8,4)"}',
        "layer 'conv1', slot 'multiplier': lower_or(8,4) is no multiplier",
    ),
    "a number for one": (
        LAYER % '{"multiplier": 8}',
        "layer 'conv1', slot 'multiplier': 8 is not the text of a multiplier",
    ),
    "a format": (LAYER % '{"weight": "fixd(8,7)"}', "layer 'conv1', slot 'weight': "),
    "a bad format": (LAYER % '{"weight": "fixed(0,7)"}', "layer 'conv1', slot 'weight': "),
    "a number for a format": (LAYER % '{"weight": 8}', "layer 'conv1', slot 'weight': 8 is not the text of a format"),
    "null for a format": (LAYER % '{"weight": null}', "layer 'conv1', slot 'weight': None is not the text of a format"),
    "an accumulator's text": (
        LAYER % '{"accumulator": "fixed(8,7)"}',
        "layer 'conv1', slot 'accumulator': not a design: acc",
    ),
    "no order": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)"}}',
        "layer 'conv1', slot 'accumulator': 'order' is missing",
    ),
    "an order": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": "ring"}}',
        "layer 'conv1', slot 'accumulator': no such order 'ring'; there are 'sequential', 'blocked', 'tree'",
    ),
    "an order's type": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": []}}',
        "layer 'conv1', slot 'accumulator': no ",
    ),
    "more of it": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": "sequential", "tree": 2}}',
        "layer 'conv1', slot 'accumulator': an accumulator has no 'tree'; it has 'format', 'order', 'block', 'prod",
    ),
    "a block of text": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": "blocked", "block": "8"}}',
        "layer 'conv1', slot 'accumulator': block of an accumulator must be an integer from 1 to",
    ),
    "a product's number": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": "tree", "product": null}}',
        "layer 'conv1', slot 'accumulator': None is not the text of a format",
    ),
    "compensated by 1": (
        LAYER % '{"accumulator": {"format": "float(4,3)", "order": "sequential", "compensated": 1}}',
        "layer 'conv1', slot 'accumulator': compensated of an accumulator is True or False, not 1",
    ),
    "an adder's number": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": "tree", "adder": 8}}',
        "layer 'conv1', slot 'accumulator': 8 is not the text of an adder",
    ),
    "no adder": (
        LAYER % '{"accumulator": {"format": "fixed(8,7)", "order": "tree", "adder": "drum(8,8,4)"}}',
        "layer 'conv1', slot 'accumulator': 'drum(8,8,4)' is no adder; adders are ripple, lower_or, segmented, trunc",
    ),
    "its number": (
        LAYER % '{"accumulator": {"format": 8, "order": "sequential"}}',
        "layer 'conv1', slot 'accumulator': 8 is not",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_file_that_is_no_design_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    text, message = WRONG[case]
    path = saved(tmp_path, text)
    with pytest.raises(ValueError) as caught:  # noqa: PT011  (the whole message is checked)
        Design.load(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)
    texts = (
        "a format",
        "a bad format",
        "a multiplier",
        "a bad multiplier",
        "a format for one",
        "an adder for one",
        "no adder",
    )
    if case not in ("no JSON", "nothing", "deep", "deeper", "version 1.0", *texts):
        with pytest.raises(jsonschema.ValidationError):  # the schema agrees; it knows no texts, and 1.0 is 1 to it
            jsonschema.validate(json.loads(text), SCHEMA, jsonschema.Draft202012Validator)


@pytest.mark.parametrize("content", [b"\xff\xfe{}", b'{"adequate_design": 1, "layers": {"\xe9": {}}}'])
def test_a_file_that_is_not_text_is_refused(content: bytes, tmp_path: Path) -> None:
    path = saved(tmp_path, content)
    with pytest.raises(ValueError, match="not a design: the file is not text"):
        Design.load(path)


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_missing_file_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Design.load(tmp_path / "none.json")
