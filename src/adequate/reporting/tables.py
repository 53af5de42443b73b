"""Tables of a search: the word lengths of the chosen designs side by side, and what each word length does."""

from dataclasses import dataclass

from adequate.reporting.marks import Data

DEEPEST = 55
"""The strongest shade, in percent of its colour; text stays readable on it."""


@dataclass(frozen=True)
class Cell:
    """What a cell says, what it says when pointed at, and its shade: a colour of the page, in percent."""

    text: str
    title: str = ""
    color: str = "blue"
    shade: int = 0


def word_lengths(data: Data) -> Data | None:
    """A row per knob, a column per design of the front, the report's own design among them or after them."""
    knobs, rows = data["search"]["knobs"], data["search"]["rows"]
    numbers = list(data["front"]["trials"])
    own = [n for n, t in enumerate(data["trials"], 1) if t["digest"] == data["digest"] and t["split"] == "validation"]
    numbers += [n for n in own[:1] if n not in numbers]
    if not knobs or not numbers:
        return None
    most = max((one["bits"] or 0 for knob in knobs for one in knob["choices"]), default=0) or 1
    return {
        "trials": [(n, n in own) for n in numbers],
        "heads": [
            ("accuracy, %", [f"{100 * data['trials'][n - 1]['figures']['accuracy']:.2f}" for n in numbers]),
            *(
                (name, [_short(data["trials"][n - 1]["figures"][name]) for n in numbers])
                for name in data["front"]["objectives"]
                if all(data["trials"][n - 1]["figures"][name] is not None for n in numbers)
            ),
        ],
        "rows": [
            (knob["name"], [_word(knob["choices"][rows[n - 1][at]], most) for n in numbers])
            for at, knob in enumerate(knobs)
        ],
    }


def sensitivity_map(data: Data) -> Data | None:
    """A row per knob, a column per word length; choices without a word length stand in words."""
    knobs = [knob for knob in data["search"]["knobs"] if knob["changes"]]
    if not knobs:
        return None
    deepest = max(abs(change["points"]) for knob in knobs for change in knob["changes"]) or 1.0
    limit = min(deepest, 3 * data["margin_points"]) if data["margin_points"] else deepest
    widths = sorted({bits for knob in knobs for one in knob["choices"] if (bits := one["bits"]) is not None})
    return {
        "widths": widths,
        "limit": limit,
        "unknown": [knob["name"] for knob in data["search"]["knobs"] if not knob["changes"]],
        "rows": [
            (knob["name"], [_effects(knob, bits, limit) for bits in widths], _others(knob, limit)) for knob in knobs
        ],
    }


def _short(value: float) -> str:
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e8 else f"{value:.4g}"


def _word(choice: Data, most: int) -> Cell:
    bits = choice["bits"]
    return Cell(str(bits or choice["text"]), choice["text"], "blue", round(DEEPEST * (bits or 0) / most))


def _effects(knob: Data, bits: int, limit: float) -> list[Cell]:
    return [_effect(knob, one, limit) for one in knob["changes"] if knob["choices"][one["choice"]]["bits"] == bits]


def _others(knob: Data, limit: float) -> list[tuple[str, Cell]]:
    effects = [(knob["choices"][one["choice"]], _effect(knob, one, limit)) for one in knob["changes"]]
    return [(choice["text"], cell) for choice, cell in effects if choice["bits"] is None]


def _effect(knob: Data, change: Data, limit: float) -> Cell:
    points = change["points"]
    text = f"{points:+.2f}".replace("-", "−") if f"{points:.2f}" not in ("0.00", "-0.00") else "0"
    groups = "1 comparison" if change["groups"] == 1 else f"{change['groups']} comparisons"
    return Cell(
        ("≈ " if change["estimated"] else "") + text,
        f"{knob['choices'][change['choice']]['text']}: {points:+.3f} points, {groups}",
        "ochre" if points < 0 else "blue",
        round(DEEPEST * min(abs(points) / limit, 1)),
    )
