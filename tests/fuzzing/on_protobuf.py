"""Mutations of protobuf messages that stay protobuf: one field's value, type, number or place."""

import struct
from dataclasses import dataclass
from random import Random

from tests.fuzzing.on_bytes import INTEGERS, mutate_bytes
from tests.fuzzing.words import PATHS, WORDS

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types (Protocol Buffers, "Encoding")."""

DEEPEST = 12
"""Messages within one another that are taken apart."""

REALS = (0.0, -1.0, 1e-45, 1e38, float("inf"), float("-inf"), float("nan"))


@dataclass
class Field:
    """A field of a message; bytes that read as a message are its fields."""

    number: int
    wire: int
    value: "int | bytes | list[Field]"


def mutate_protobuf(content: bytes, other: bytes, chance: Random) -> bytes:
    """One field changed; lengths around it are made to fit. What is no protobuf is changed as bytes."""
    message = taken_apart(content)
    owners = _messages(message)
    if message is None or not owners:
        return mutate_bytes(content, other, chance)
    owner = chance.choice(owners)
    at = chance.randrange(len(owner))
    kind = chance.random()
    if kind < 0.55:
        owner[at] = _with_other_value(owner[at], _texts(message), chance)
    elif kind < 0.65:
        del owner[at]
    elif kind < 0.75:
        owner[at:at] = [owner[at]] * chance.choice((1, 1, 2, 2000))
    elif kind < 0.85:
        donors = _messages(taken_apart(other)) or owners
        owner.insert(at, chance.choice(chance.choice(donors)))
    elif kind < 0.95:
        owner[at] = Field(owner[chance.randrange(len(owner))].number, owner[at].wire, owner[at].value)
    else:
        owner[at] = _nested(owner[at], chance.choice((2, 150)))
    return put_together(message)


def taken_apart(content: bytes, depth: int = 0) -> list[Field] | None:
    """The fields of a message; None where it is none."""
    fields: list[Field] = []
    position = 0
    while position < len(content):
        tag, position = _varint(content, position)
        wire, value = tag & 7, None
        if wire == VARINT:
            value, position = _varint(content, position)
        elif wire in (FIXED32, FIXED64):
            width = 4 if wire == FIXED32 else 8
            value, position = int.from_bytes(content[position : position + width], "little"), position + width
        elif wire == BYTES:
            length, position = _varint(content, position)
            value, position = content[position : position + length], position + length
        if value is None or tag >> 3 == 0 or position > len(content):
            return None
        if isinstance(value, bytes) and value and depth < DEEPEST:
            value = taken_apart(value, depth + 1) or value
        fields.append(Field(tag >> 3, wire, value))
    return fields


def put_together(message: list[Field]) -> bytes:
    """The bytes of a message."""
    return b"".join(_encoded(field) for field in message)


def _encoded(field: Field) -> bytes:
    tag = _as_varint(field.number << 3 | field.wire)
    if field.wire == VARINT:
        assert isinstance(field.value, int)
        return tag + _as_varint(field.value)
    if field.wire in (FIXED32, FIXED64):
        assert isinstance(field.value, int)
        return tag + field.value.to_bytes(4 if field.wire == FIXED32 else 8, "little")
    content = put_together(field.value) if isinstance(field.value, list) else field.value
    assert isinstance(content, bytes)
    return tag + _as_varint(len(content)) + content


def _varint(content: bytes, position: int) -> tuple[int, int]:
    """The integer and the position behind it, which lies beyond the content where it is unfinished."""
    value = 0
    for count, byte in enumerate(content[position : position + 10]):
        value |= (byte & 0x7F) << 7 * count
        if byte < 0x80:
            return value, position + count + 1
    return 0, len(content) + 1


def _as_varint(value: int) -> bytes:
    head = bytearray()
    while value >= 0x80:
        head.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(head) + bytes([value])


def _with_other_value(field: Field, texts: list[bytes], chance: Random) -> Field:
    if chance.random() < 0.1:
        wire = chance.choice((VARINT, FIXED32, FIXED64, BYTES))
        return Field(field.number, wire, b"" if wire == BYTES else 1)
    if field.wire == VARINT:
        return Field(field.number, VARINT, chance.choice((*INTEGERS, chance.randrange(40))))
    if field.wire == FIXED32:
        return Field(field.number, FIXED32, int.from_bytes(struct.pack("<f", chance.choice(REALS)), "little"))
    if field.wire == FIXED64:
        return Field(field.number, FIXED64, int.from_bytes(struct.pack("<d", chance.choice(REALS)), "little"))
    content = put_together(field.value) if isinstance(field.value, list) else field.value
    assert isinstance(content, bytes)
    return Field(field.number, BYTES, _other_content(content, texts, chance))


def _other_content(content: bytes, texts: list[bytes], chance: Random) -> bytes:
    """Another text of the file or of those that mean something, extreme numbers, or other bytes."""
    kind = chance.random()
    if kind < 0.25:
        return chance.choice(texts or [b""])
    if kind < 0.45:
        return chance.choice((*WORDS, *PATHS)).encode()
    if kind < 0.6 and len(content) >= 4:
        width, number = chance.choice(((4, "<f"), (8, "<q"), (8, "<q"), (8, "<d")))
        extreme = chance.choice(REALS) if number != "<q" else chance.choice((*INTEGERS[:-2], -1, -(2**63)))
        at = chance.randrange(max(1, len(content) // width)) * width
        return content[:at] + struct.pack(number, extreme) + content[at + width :]
    if kind < 0.75:
        return b"".join(_as_varint(chance.choice(INTEGERS)) for _ in range(chance.randrange(6)))
    if kind < 0.8:
        return chance.choice((b"", b"x" * 100_000, b"\xff\xfe", "ä\u2028\n\x1b[2J".encode()))
    return mutate_bytes(content, content, chance)


def _nested(field: Field, times: int) -> Field:
    for _ in range(times):
        field = Field(field.number, BYTES, [field])
    return field


def _messages(message: list[Field] | None) -> list[list[Field]]:
    """The message and all within it that have fields, each as often as it has some."""
    if not message:
        return []
    found = [message] * len(message)
    for field in message:
        if isinstance(field.value, list):
            found += _messages(field.value)
    return found


def _texts(message: list[Field]) -> list[bytes]:
    """The short byte strings of a message and of those within it."""
    found = []
    for field in message:
        if isinstance(field.value, list):
            found += _texts(field.value)
        elif isinstance(field.value, bytes) and len(field.value) < 40:
            found.append(field.value)
    return found
