"""Figures as cells of tables in Markdown."""

from collections.abc import Iterable, Sequence


def joined(cells: Iterable[str]) -> str:
    """Return figures with strokes between them; '' where there are none."""
    texts = list(cells)
    return " / ".join(text or "-" for text in texts) if any(texts) else ""


def percent(share: float | None) -> str:
    """Return a share in whole per cent; '' of none."""
    return "" if share is None else f"{100 * share:.0f}"


def error(relative: float | None) -> str:
    """Return a relative error in per cent, as `digits` has it; '' of none."""
    return "" if relative is None else digits(100 * relative)


def digits(number: float) -> str:
    """Return a number with two digits that count, at most four behind the point."""
    if number >= 10:
        return f"{number:.0f}"
    places = 1
    while places < 4 and number < 10 ** (1 - places):
        places += 1
    return f"{number:.{places}f}"


def markdown(lines: Iterable[Sequence[str]]) -> str:
    """Return a table, of its heading and its rows."""
    head, *rest = lines
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rest))
