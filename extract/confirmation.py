"""Images that no listing showed, asked for one by one: gone for good, or only out of sight?

Called before a load that would end images.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import quote

from extract.asking import ask as ask_api
from extract.connection import Connection
from extract.errors import CloudError, Refused

_GONE = 404


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`gone`: the API says 404. `there`: it shows the image. `unknown`: id -> why it could not be said."""

    gone: frozenset[str]
    there: frozenset[str]
    unknown: dict[str, str]


def confirm(connection: Connection, ids: Iterable[str]) -> Confirmation:
    """What `GET /v2/images/{id}` says of each, asked in parallel up to the cloud's `max_connections`."""

    def ask(identity: str) -> tuple[str, str]:
        where = f"cloud {connection.settings.name}, image {identity}"
        url = f"{connection.images_url}/{quote(identity, safe='')}"
        try:
            ask_api(connection, url, {}, where, lambda body, _: body)
        except Refused as exc:
            return ("gone", "") if exc.status == _GONE else ("unknown", str(exc))
        except CloudError as exc:
            return "unknown", str(exc)
        return "there", ""

    asked = sorted(ids)
    with ThreadPoolExecutor(connection.settings.max_connections) as workers:
        said = dict(zip(asked, workers.map(ask, asked), strict=True))
    return Confirmation(
        gone=frozenset(identity for identity, (answer, _) in said.items() if answer == "gone"),
        there=frozenset(identity for identity, (answer, _) in said.items() if answer == "there"),
        unknown={identity: why for identity, (answer, why) in said.items() if answer == "unknown"},
    )
