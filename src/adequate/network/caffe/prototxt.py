"""Protobuf's text format: from characters to nested messages."""

import re
from dataclasses import dataclass

from adequate.network.caffe.message import Field, Message, Scalar

DEPTH = 32
"""The most messages within one another; Caffe's own files need four (assumed)."""

TOKEN = re.compile(
    r"""(?P<space>[ \t\r\f\v]+|\#[^\n]*)|(?P<newline>\n)
    |(?P<string>"(?:[^"\\\n]|\\[^\n])*"|'(?:[^'\\\n]|\\[^\n])*')
    |(?P<number>-?(?:0[xX][0-9a-fA-F]+|(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?[fF]?)(?![\w.]))
    |(?P<word>-?[A-Za-z_][A-Za-z0-9_]*)
    |(?P<mark>[{}<>\[\]:,;])""",
    re.VERBOSE,
)
ESCAPE = re.compile(r"\\(?:([abfnrtv\\'\"?])|([0-7]{1,3})|[xX]([0-9a-fA-F]{1,2}))", re.ASCII)
ESCAPED = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}
CLOSING = {"{": "}", "<": ">"}


def parse(text: str) -> Message:
    """The message that ``text`` writes.

    ``name: value``, ``name { ... }``, ``name: < ... >``, lists ``name: [1, 2]``, strings in either quote (several in
    a row are one), ``#`` comments, and ``,`` or ``;`` behind a field.
    Source: Protocol Buffers documentation, "Text Format Language Specification".

    >>> parse('layer { name: "conv1" pad: [1, 2] }').message("layer").integers("pad")
    (1, 2)

    Raises:
        ValueError: the text is not in this format; the message has the line.
    """
    tokens = _Tokens(_tokens(text))
    return _fields(tokens, None, 0)


@dataclass(slots=True)
class _Tokens:
    """What is still to be read."""

    ahead: list[Scalar]
    position: int = 0

    @property
    def next(self) -> Scalar:
        return self.ahead[self.position]

    def take(self) -> Scalar:
        self.position += 1
        return self.ahead[self.position - 1]

    def taken(self, *marks: str) -> bool:
        """Whether one of the marks came next; it is passed over."""
        if self.next.kind != "mark" or self.next.text not in marks:
            return False
        self.position += 1
        return True


def _tokens(text: str) -> list[Scalar]:
    found: list[Scalar] = []
    position, line = 0, 1
    while position < len(text):
        match = TOKEN.match(text, position)
        if match is None:
            raise ValueError(f"line {line}: unexpected {text[position : position + 20].splitlines()[0]!r}")
        position = match.end()
        kind = match.lastgroup
        if kind == "newline":
            line += 1
        elif kind == "string":
            found.append(Scalar("string", _unescaped(match.group()[1:-1], line), line))
        elif kind != "space":
            assert kind is not None
            found.append(Scalar(kind, match.group(), line))
    found.append(Scalar("end", "the end of the file", line))
    return found


def _unescaped(text: str, line: int) -> str:
    if len(ESCAPE.findall(text)) != len(re.findall(r"\\.", text)):
        raise ValueError(f"line {line}: an unknown escape in the string {text[:40]!r}")

    def meaning(match: re.Match[str]) -> str:
        letter, octal, hexadecimal = match.groups()
        if letter:
            return ESCAPED.get(letter, letter)
        return chr(int(octal, 8) if octal else int(hexadecimal, 16))

    return ESCAPE.sub(meaning, text)


def _fields(tokens: _Tokens, closing: str | None, depth: int) -> Message:
    fields: list[Field] = []
    line = tokens.next.line
    while not (closing is not None and tokens.taken(closing)):
        name = tokens.take()
        if name.kind == "end" and closing is None:
            break
        if name.kind != "word":
            raise ValueError(f"line {name.line}: expected the name of a field, not {_shown(name)}")
        colon = tokens.taken(":")
        fields += (Field(name.text, value, name.line) for value in _values(tokens, colon, depth))
        tokens.taken(",", ";")
    return Message(tuple(fields), line)


def _values(tokens: _Tokens, colon: bool, depth: int) -> list[Scalar | Message]:
    if not (colon and tokens.taken("[")):
        return [_value(tokens, colon, depth)]
    values: list[Scalar | Message] = []
    while not tokens.taken("]"):
        if values and not tokens.taken(","):
            raise ValueError(f"line {tokens.next.line}: expected ',' or ']', not {_shown(tokens.next)}")
        values.append(_value(tokens, True, depth))
    return values


def _value(tokens: _Tokens, scalar: bool, depth: int) -> Scalar | Message:
    token = tokens.take()
    if token.kind == "mark" and token.text in CLOSING:
        if depth == DEPTH:
            raise ValueError(f"line {token.line}: more than {DEPTH} messages within one another")
        return _fields(tokens, CLOSING[token.text], depth + 1)
    if not scalar or token.kind in ("mark", "end"):
        expected = "a value" if scalar else "':' or '{'"
        raise ValueError(f"line {token.line}: expected {expected}, not {_shown(token)}")
    if token.kind == "string":
        parts = [token.text]
        while tokens.next.kind == "string":
            parts.append(tokens.take().text)
        return Scalar("string", "".join(parts), token.line)
    return token


def _shown(token: Scalar) -> str:
    return token.text if token.kind == "end" else repr(token.text[:40])
