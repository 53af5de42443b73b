"""Mutations of text that stay text: one token replaced, left out, doubled or exchanged."""

import re
from random import Random

from tests.fuzzing.words import PATHS, WORDS

TOKEN = re.compile(r"""\s+|"[^"\n]*"|[A-Za-z_][\w.]*|[-+]?[0-9][\w.]*|.""", re.DOTALL)
NUMBERS = ("0", "-1", "1", "2", "3", "255", "65536", "268435456", "2147483647", "2147483648", "9223372036854775807")
REALS = ("1e38", "1e-45", "1e400", "nan", "-inf", "0.5", "0x7fffffff", "007", "9" * 5000, "1_0", "١")
STRANGE = ('"', "'", "{", "}" * 3, "{" * 1000, "[" * 1000, "(" * 1000, "#", "\\", "\0", "\n", "\u2028", "\x1b[2J", "é")


def mutate_text(text: str, other: str, chance: Random) -> str:
    """One change of a token; ``other`` is of the same kind, to take tokens from."""
    tokens = TOKEN.findall(text)
    visible = [index for index, token in enumerate(tokens) if not token.isspace()]
    if not visible:
        return other
    at = chance.choice(visible)
    kind = chance.random()
    if kind < 0.5:
        tokens[at] = _replaced(tokens[at], tokens, TOKEN.findall(other), chance)
    elif kind < 0.6:
        del tokens[at : at + chance.choice((1, 1, 10))]
    elif kind < 0.7:
        tokens[at:at] = tokens[at : at + chance.choice((1, 20, 100))] * chance.choice((1, 1, 3))
    elif kind < 0.8:
        end = chance.choice(visible)
        tokens[at], tokens[end] = tokens[end], tokens[at]
    elif kind < 0.9:
        tokens.insert(at, chance.choice(STRANGE))
    else:
        found = TOKEN.findall(other)
        begin = chance.randrange(len(found) + 1)
        tokens[at:at] = found[begin : begin + chance.choice((3, 30))]
    return "".join(tokens)


def _replaced(token: str, tokens: list[str], others: list[str], chance: Random) -> str:
    if token[0].isdigit() or token[0] in "+-":
        return chance.choice((*NUMBERS, *NUMBERS, *REALS, str(chance.randrange(20))))
    if token[0] == '"':
        inside = chance.choice((*WORDS, *PATHS, *STRANGE))
        quoted = [one for one in (*tokens, *others) if one[0] == '"']
        return chance.choice(quoted) if quoted and chance.random() < 0.5 else f'"{inside}"'
    if token[0].isalpha():
        words = [one for one in (*tokens, *others) if one[0].isalpha()]
        return chance.choice((*words, *WORDS))
    return chance.choice((*STRANGE, *tokens))
