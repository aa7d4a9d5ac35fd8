"""An image API without a network: a model with one order of its own, which changes and lies as a test wants."""

import json
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx

from extract.account import CloudSettings
from extract.connection import Connection
from extract.parts import Part, parts_between


@dataclass
class ModelServer:
    """Images in the order of `key`, pages of at most `page`; `before` is called with each query before its answer."""

    ids: list[str]
    page: int
    key: Callable[[str], Any] = str
    before: Callable[[dict[str, str]], httpx.Response | None] = lambda query: None
    without_next: Callable[[dict[str, str]], bool] = lambda query: False
    attributes: dict[str, str] = field(default_factory=lambda: {"visibility": "private"})
    asked: list[dict[str, str]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            query = dict(request.url.params)
            self.asked.append(query)
            return self.before(query) or self._page(query)

    def _page(self, query: dict[str, str]) -> httpx.Response:
        if query["sort_key"] != "id":
            return httpx.Response(400)
        ordered = sorted(self.ids, key=self.key)
        marker, most = query.get("marker"), min(self.page, int(query["limit"]))
        if marker is not None and marker not in ordered:
            return httpx.Response(400, text=f"no image {marker}")
        rest = ordered[ordered.index(marker) + 1 if marker else 0 :]
        body: dict[str, Any] = {"images": [{"id": one, **self.attributes} for one in rest[:most]]}
        if len(rest) > most and not self.without_next(query):
            body["next"] = f"/v2/images?marker={rest[most - 1]}"
        return httpx.Response(200, content=json.dumps(body))

    def connection(self, **settings: Any) -> Connection:
        known = {"dialect": "openstack", "tries": 1, "max_connections": 4, "page_size": 1000, **settings}
        client = httpx.Client(transport=httpx.MockTransport(self.answer))
        return Connection(CloudSettings("c", **known), "http://model", client, None)


def equal_parts(ids: Sequence[str], number: int) -> tuple[Part, ...]:
    """As the last run leaves them."""
    step = max(1, len(ids) // number)
    cuts = sorted(ids)[step - 1 :: step][: number - 1]
    return tuple(replace(part, expected=step) for part in parts_between(cuts))


def numbered(count: int) -> list[str]:
    return [f"{number:04d}" for number in range(count)]
