"""Numbers with their nouns, for sentences. Imports nothing."""


def counted(number: int, noun: str, form: str = "d") -> str:
    """`1 image`, `2 images`; with the form `,` also `12,345 images`."""
    return f"{number:{form}} {noun}{'' if number == 1 else 's'}"
