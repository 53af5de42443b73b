"""Values of options that typer does not read: several numbers in one."""

from adequate.cli.errors import Misuse


def numbers(option: str, text: str | None) -> tuple[float, ...]:
    """The values of an option such as ``--mean 0.485,0.456,0.406``.

    Raises:
        Misuse: one of them is no number.
    """
    try:
        return tuple(float(part) for part in text.split(",")) if text is not None else ()
    except ValueError:
        raise Misuse(f"{option} takes numbers separated by commas, not {text!r}") from None


def image_shape(text: str | None) -> tuple[int, ...] | None:
    """The value of ``--shape``.

    Raises:
        Misuse: it is not three positive sizes.
    """
    sizes = numbers("--shape", text)
    if text is None:
        return None
    if len(sizes) != 3 or any(size < 1 or size % 1 for size in sizes):
        raise Misuse(f"--shape takes channels, height and width, as in 3,32,32, not {text!r}")
    return tuple(int(size) for size in sizes)
