"""Protobuf's text format: what is written is read, and what is not in the format is refused with its line."""

import contextlib
import random
import string
import time
from pathlib import Path

import pytest
from google.protobuf.text_encoding import CEscape, CUnescape
from hypothesis import given
from hypothesis import strategies as st

from adequate.network.caffe.message import Message, Scalar
from adequate.network.caffe.prototxt import DEPTH, parse

NAMES = st.text(string.ascii_letters + "_", min_size=1, max_size=4)
SCALARS = st.one_of(
    st.integers(-(2**31), 2**31 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(max_codepoint=126), max_size=6),
)
FIELDS = st.recursive(SCALARS, lambda inner: st.lists(st.tuples(NAMES, inner), max_size=4), max_leaves=12)


def written(value: object) -> str:
    """A value of FIELDS in the text format."""
    if isinstance(value, list):
        return "{ " + " ".join(f"{name}: {written(one)}" for name, one in value) + " }"
    return '"' + CEscape(value.encode(), False) + '"' if isinstance(value, str) else repr(value)


def read_back(value: Message | Scalar) -> object:
    if isinstance(value, Message):
        return [(field.name, read_back(field.value)) for field in value.fields]
    if value.kind == "string":
        return value.text
    return float(value.text) if any(c in value.text for c in ".en") else int(value.text)


@given(st.lists(st.tuples(NAMES, FIELDS), max_size=4))
def test_what_is_written_is_read(fields: list[tuple[str, object]]) -> None:
    text = "\n".join(f"{name}: {written(value)}" for name, value in fields)
    assert read_back(parse(text)) == fields


@pytest.mark.parametrize(
    ("text", "integers"),
    [
        ("pad: 1", (1,)),
        ("pad: 1 pad: 2", (1, 2)),
        ("pad: [1, 2, 3]", (1, 2, 3)),
        ("pad: []", ()),
        ("pad: 0x1F, pad: 017; pad: -0", (31, 15, 0)),
        ("# pad: 9\npad: 1 # pad: 2", (1,)),
    ],
)
def test_integers(text: str, integers: tuple[int, ...]) -> None:
    assert parse(text).integers("pad") == integers


@pytest.mark.parametrize(
    "text", ["a { b: 1 }", "a: { b: 1 }", "a < b: 1 >", "a: < b: 1 >", "a{b:1,};", "a: [{ b: 1 }]"]
)
def test_messages_in_every_bracket(text: str) -> None:
    assert parse(text).message("a").integer("b", 0) == 1


def test_a_message_written_twice_is_one() -> None:
    message = parse("a { b: 1 c: 2 } a { b: 3 }").message("a")
    assert (message.integer("b", 0), message.integer("c", 0)) == (3, 2)


def test_defaults() -> None:
    message = parse("")
    assert (message.integer("a", 7), message.real("a", 0.5), message.text("a", "x")) == (7, 0.5, "x")
    assert (message.flag("a", True), message.word("a", "MAX"), message.texts("a"), message.messages("a")) == (
        True,
        "MAX",
        (),
        (),
    )


@pytest.mark.parametrize(
    "content", [r"\n\t\"\'\\", r"\101\x41", r"a\0b", "plain", r"\a\b\f\r\v\?"[:-2], r"\1234", r"\xfg"[:4]]
)
def test_escapes_are_protobufs(content: str) -> None:
    assert parse(f'a: "{content}"').text("a", "") == CUnescape(content).decode("latin-1")


def test_neighbouring_strings_are_one() -> None:
    assert parse("""a: "one" 'two'\n"three" b: 1""").text("a") == "onetwothree"


@pytest.mark.parametrize(("word", "value"), [("true", True), ("false", False), ("1", True), ("0", False), ("t", True)])
def test_flags(word: str, value: bool) -> None:
    assert parse(f"a: {word}").flag("a", not value) is value


@pytest.mark.parametrize("number", ["1", "-2.5", ".5", "1e3", "1.5E-2f", "3.", "0f"])
def test_reals(number: str) -> None:
    assert parse(f"a: {number}").reals("a") == (float(number.rstrip("f")),)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("\na {", "line 2: expected the name of a field, not the end of the file"),
        ("a:", "line 1: expected a value, not the end of the file"),
        ("a", "line 1: expected ':' or '{', not the end of the file"),
        ("a 1", "line 1: expected ':' or '{', not '1'"),
        ("}", "line 1: expected the name of a field, not '}'"),
        ("a { >", "line 1: expected the name of a field, not '>'"),
        ("a: [1 2]", "line 1: expected ',' or ']', not '2'"),
        ("a: [1", "line 1: expected ',' or ']', not the end of the file"),
        ("\n\na: 'x", "line 3: unexpected"),
        ('a: "x\ny"', "line 1: unexpected"),
        (r'a: "\q"', "line 1: an unknown escape"),
        ("a: 1.2.3", "line 1: unexpected"),
        ("a: 12ab", "line 1: unexpected"),
        ("a: \u00e9", "line 1: unexpected"),
        ("a { " * (DEPTH + 1), f"line 1: more than {DEPTH} messages within one another"),
        ("1: 2", "line 1: expected the name of a field, not '1'"),
    ],
)
def test_what_is_not_in_the_format_is_refused_with_its_line(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=".") as caught:
        parse(text)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    ("text", "read", "reason"),
    [
        ("\na: 'x'", lambda m: m.integer("a", 0), "line 2: 'a' must be a number"),
        ("a { }", lambda m: m.integer("a", 0), "line 1: 'a' must be a number"),
        ("a: 1", lambda m: m.message("a"), "line 1: 'a' must be a message in braces"),
        ("a: -1", lambda m: m.integer("a", 0), "line 1: 'a' must be an integer from 0 to 2147483647, not -1"),
        ("a: 1.5", lambda m: m.integer("a", 0), "line 1: 'a' must be an integer"),
        ("a: 9999999999", lambda m: m.integer("a", 0), "line 1: 'a' must be an integer"),
        ("a: " + "9" * 5000, lambda m: m.integer("a", 0), "line 1: 'a' must be an integer"),
        ("a: inf", lambda m: m.real("a", 0), "line 1: 'a' must be a finite number, not inf"),
        ("a: 1e999", lambda m: m.real("a", 0), "line 1: 'a' must be a finite number, not 1e999"),
        ("a: maybe", lambda m: m.flag("a", True), "line 1: 'a' must be true or false, not 'maybe'"),
        ("a: MIN", lambda m: m.choice("a", "MAX", "AVE"), "line 1: 'a' is MIN; understood are MAX, AVE"),
    ],
)
def test_values_of_another_type_are_refused(text: str, read: object, reason: str) -> None:
    with pytest.raises(ValueError, match=".") as caught:
        read(parse(text))  # pyright: ignore
    assert str(caught.value).startswith(reason)
    assert "\n" not in str(caught.value)


def test_changed_texts_raise_nothing_but_value_errors_of_one_line() -> None:
    whole = "name: 'x'\nlayer { name: \"a\" # c\n p { pad: [1, -2] k: 0.5 t: true e: MAX } }\n" * 3
    chance = random.Random(0)
    reasons: list[str] = []
    for _ in range(3000):
        changed = list(whole)
        for _ in range(chance.choice([1, 3, 10])):
            changed[chance.randrange(len(changed))] = chr(chance.choice([chance.randrange(128), *b"{}[]<>:'\"\\#"]))
        try:
            parse("".join(changed))
        except ValueError as error:
            reasons.append(str(error))
    assert len(reasons) > 1000
    assert all(reason.startswith("line ") and "\n" not in reason for reason in reasons)


@pytest.mark.parametrize(
    "part", ["a {", '"', *(pytest.param(one, marks=pytest.mark.slow) for one in ("a: 1 ", "\\", "'a"))]
)
def test_long_texts_take_no_more_than_their_length(part: str) -> None:
    start = time.process_time()
    with contextlib.suppress(ValueError):
        parse(part * 100_000)
    assert time.process_time() - start < 5


def test_the_real_files(data_root: Path) -> None:
    text = (data_root / "models/squeezenet_deep_compression/SqueezeNet_deploy.prototxt").read_text()
    net = parse(text)
    assert net.integers("input_dim") == (1, 3, 227, 227)
    assert len(net.messages("layer")) == text.count("layer {")
