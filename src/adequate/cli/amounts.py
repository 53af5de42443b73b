"""Durations and shares as people say them."""


def clock(seconds: float) -> str:
    """A duration as people say it.

    >>> clock(4.2), clock(75), clock(3700)
    ('4 s', '1 min 15 s', '1 h 1 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    return f"{whole // 60} min {whole % 60} s" if whole < 3600 else f"{whole // 3600} h {whole % 3600 // 60} min"


def percent(share: float) -> str:
    """A fraction in percent.

    >>> percent(0.9905)
    '99.05 %'
    """
    return f"{100 * share:.2f} %"
