"""Mutations of JSON documents that stay JSON: one value replaced, left out, doubled, renamed or exchanged."""

import json
from random import Random
from typing import Any

from tests.fuzzing.on_bytes import mutate_bytes
from tests.fuzzing.on_text import mutate_text
from tests.fuzzing.words import PATHS, WORDS

NUMBERS: tuple[Any, ...] = (0, 1, -1, 2, 3, 255, 2**20, 2**28, 2**31, 2**53, 2**63 - 1, 2**63, 2**70, -(2**63), 10**400)
REALS: tuple[Any, ...] = (0.5, -0.0, 1e-320, 1e300, float("nan"), float("inf"), float("-inf"))
OTHERS: tuple[Any, ...] = (None, True, False, "", "x", "x" * 100_000, "é\u2028\n\x1b[2J", [], {}, [[]], [0] * 5000)
Place = tuple[Any, Any]
"""A list or object, and the index or key in it."""


def mutate_json(content: bytes, other: bytes, chance: Random) -> bytes:
    """One value changed; what is no JSON, or too deep to be handled, is changed as bytes."""
    try:
        document = None if b"[" * 50 in content else json.loads(content)
    except ValueError:
        return mutate_bytes(content, other, chance)
    places = _places(document)
    if not places:
        return mutate_bytes(content, other, chance)
    owner, key = chance.choice(places)
    kind = chance.random()
    if kind < 0.6:
        owner[key] = _other_value(owner[key], places, chance)
    elif kind < 0.7:
        del owner[key]
    elif kind < 0.8 and isinstance(owner, dict):
        owner[chance.choice((*WORDS, *PATHS, *owner))] = owner.pop(key)
    elif kind < 0.8:
        owner[key:key] = [owner[key]] * chance.choice((1, 1000))
    elif kind < 0.9:
        elsewhere, there = chance.choice(places)
        owner[key] = json.loads(json.dumps(elsewhere[there]))
    else:
        return _nested(document, owner, key, chance.choice((3, 500, 50_000)))
    return json.dumps(document).encode()


def _other_value(value: Any, places: list[Place], chance: Random) -> Any:
    if isinstance(value, str) and chance.random() < 0.6:
        texts = [text for owner, key in places if isinstance(text := owner[key], str)]
        if chance.random() < 0.6:
            return mutate_text(value, chance.choice(texts), chance)
        return chance.choice((*texts, *WORDS, *PATHS))
    if isinstance(value, int | float) and chance.random() < 0.8:
        return chance.choice((*NUMBERS, *REALS, chance.randrange(20)))
    return chance.choice((*NUMBERS, *REALS, *OTHERS, *OTHERS))


def _nested(document: Any, owner: Any, key: Any, depth: int) -> bytes:
    """A value within so many lists; the writer would not go so deep."""
    inside, mark = json.dumps(owner[key]), "the place of the nested value"
    owner[key] = mark
    return json.dumps(document).replace(json.dumps(mark), "[" * depth + inside + "]" * depth).encode()


def _places(value: Any) -> list[Place]:
    if isinstance(value, dict):
        return [place for key, one in value.items() for place in ((value, key), *_places(one))]
    if isinstance(value, list):
        return [place for index, one in enumerate(value) for place in ((value, index), *_places(one))]
    return []
