"""Words for sentences: a number with its noun, the reason of an error. Imports nothing."""


def counted(number: int, noun: str, form: str = "d") -> str:
    """`1 image`, `2 images`; with the form `,` also `12,345 images`."""
    return f"{number:{form}} {noun}{'' if number == 1 else 's'}"


def reason(error: Exception) -> str:
    """The reason of an error, without the file's name if the system gives one. Not every OSError has a `strerror`."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
