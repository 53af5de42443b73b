"""What may go wrong without being a defect of the program, in one line each."""


class Misuse(ValueError):
    """The command was put wrongly: an unknown name, a file that is not there, options that do not go together."""


def expected_errors() -> tuple[type[Exception], ...]:
    """Failures that bad input and bad surroundings cause; anything else is a defect and keeps its traceback."""
    from adequate.exploration.trials_file import StoreError

    return ValueError, KeyError, OSError, StoreError


def one_line(error: BaseException) -> str:
    """The message of an error without line breaks, Python's quotes or numbers of the operating system."""
    if isinstance(error, OSError) and error.strerror:
        place = f"{error.filename}: " if error.filename is not None else ""
        return f"{place}{error.strerror}"
    text = str(error.args[0]) if isinstance(error, KeyError) and error.args else str(error)
    return " ".join(text.split()) or type(error).__name__
