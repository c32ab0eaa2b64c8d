"""Figures as people read them."""

MINUTE_S, HOUR_S = 60, 3600
KILO, MEGA, GIGA = 1000, 1000**2, 1000**3


def seconds(value: float | None) -> str:
    """`0.8 ms`, `12 ms`, `340 ms`, `1.2 s`, `2 min 5 s`."""
    if value is None:
        return "-"
    if value < 1:
        return f"{_digits(value * 1000)} ms"
    if value < MINUTE_S:
        return f"{_digits(value)} s"
    minutes, rest = divmod(round(value), MINUTE_S)
    if minutes >= MINUTE_S:
        hours, minutes = divmod(minutes, MINUTE_S)
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def tick(value: float) -> str:
    """A power of ten on an axis of times: `1 ms`, `10 s`, `100 s`."""
    return f"{value:g} s" if value >= 1 else f"{value * 1000:g} ms"


def clock(value: float) -> str:
    """A place on the axis of time: `1:30`, and `1:05:00` from an hour on."""
    minutes, rest = divmod(round(value), MINUTE_S)
    hours, minutes = divmod(minutes, MINUTE_S)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def size(value: float) -> str:
    if value < KILO:
        return f"{value:.0f} B"
    for unit, least in (("GB", GIGA), ("MB", MEGA)):
        if value >= least:
            return f"{value / least:.3g} {unit}"
    return f"{value / KILO:.3g} kB"


def growth(value: float) -> str:
    return f"{value:+.2f} %"


def _digits(value: float) -> str:
    """Two of them where it is small."""
    return f"{value:.1f}" if value < 10 else f"{value:.0f}"  # noqa: PLR2004 - from there on it has two


def number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) or value >= 100 else f"{value:.3g}"  # noqa: PLR2004


def percent(value: float) -> str:
    return f"{value:.0f} %"
