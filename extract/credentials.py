"""What is checked of every credential before the first request, whatever way in it belongs to."""

from extract.errors import SettingsError


def header_safe(value: object, what: str, where: str, advice: str = "") -> str:
    """`value`, if an HTTP header can hold it. `what` names it in the error; the value itself is never shown.

    A header holds printable ASCII without a blank at either end. httpx would refuse anything else too, and show it.
    Raises: SettingsError.
    """
    problem = _problem(value)
    if problem is None:
        return str(value)
    raise SettingsError(f"{where}: {what} {problem}", advice or "Correct it where it is set; a header cannot hold it.")


def _problem(value: object) -> str | None:
    if not isinstance(value, str):
        return f"is not a text but {type(value).__name__}: write it in quotes"
    if not value:
        return "is empty"
    if "\n" in value or "\r" in value:
        return "has a line break"
    if not value.isascii():
        return "has a character that is not ASCII, and no header can hold it"
    if not value.isprintable():
        return "has a control character that no header can hold"
    if value != value.strip():
        return "begins or ends with a blank"
    return None
