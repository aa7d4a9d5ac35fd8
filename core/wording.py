"""Words for sentences: a number with its noun, a long list cut short, the reason of an error."""

from collections.abc import Iterable


def counted(number: int, noun: str, form: str = "d") -> str:
    """`1 image`, `2 images`; with the form `,` also `12,345 images`."""
    return f"{number:{form}} {noun}{'' if number == 1 else 's'}"


def first_of(names: Iterable[str], most: int = 20) -> str:
    """`a, b`, or the first `most` and how many more there are: `a, b and 37 more`. `none` if there are none."""
    there = list(names)
    more = f" and {len(there) - most} more" if len(there) > most else ""
    return f"{', '.join(there[:most]) or 'none'}{more}"


def reason(error: Exception) -> str:
    """The reason of an error, without the file's name if the system gives one. Not every OSError has a `strerror`."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
