"""Numbers with their nouns, for sentences. Imports nothing."""


def counted(number: int, noun: str) -> str:
    """`1 image`, `2 images`, `12,345 images`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
