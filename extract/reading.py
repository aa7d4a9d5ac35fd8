"""One listing of one cloud, read whole: each page landed, then checked, then handed on; then the closing pass.

Called by the flows, a listing at a time; several may read from one connection side by side.
"""

import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from extract.body import Json, parse_page, usable_id
from extract.connection import Connection
from extract.landing import CLOSING, Earlier, Landing
from extract.listing import Listing
from extract.paging import Fetched, Page, Pass
from extract.retry import get, persistently

log = logging.getLogger(__name__)


class Reading:
    """The reading of one listing. Iterate `pages()` to its end; `evidence` says how far it came at any time."""

    def __init__(
        self,
        connection: Connection,
        listing: Listing,
        landing: Landing,
        *,
        changed_since: datetime | None = None,
        closing_since: datetime | None = None,
        earlier: Earlier | None = None,
    ) -> None:
        """`changed_since` narrows the reading to later changes; `closing_since` asks for a closing pass from then on.

        Both are the server's clock, UTC. An image that changed behind the reader's back comes a second time, in the
        closing pass: of two readings the later one counts. Pages that an `earlier` reading landed are not asked for
        again; `closing_since` must then cover that one too.
        """
        self._connection = connection
        self._listing = listing
        self._landing = landing
        self._shared_out = 0
        self.where = f"cloud {connection.settings.name}, listing {listing.name}"
        self._started = time.monotonic()
        size, most = connection.settings.page_size, connection.settings.most_pages
        self._main_asking = _Asking(connection, landing, self.where, "listing", earlier)
        self._main = Pass(self._main_asking, listing, size, self.where, changed_since, most)
        self._closing = (
            Pass(
                _Asking(connection, landing, self.where, CLOSING),
                listing,
                size,
                f"{self.where}, closing pass",
                closing_since,
                most,
            )
            if closing_since is not None
            else None
        )

    def pages(self) -> Iterator[Page]:
        """All pages, those of the closing pass last. Raises: CloudError where it cannot be shown to be whole."""
        for page in self._main.pages():
            self._shared_out += sum(self._is_ours(image) for image in page.images) if self._listing.is_shared else 0
            yield page
        if self._closing is not None:
            yield from self._closing.pages()
        log.info("%s: %d images on %d pages, whole", self.where, self.images, self.page_count)

    @property
    def images(self) -> int:
        """Images received, without those that the account itself shares out: every shared listing shows them too."""
        return self._main.evidence.images - self._shared_out

    @property
    def page_count(self) -> int:
        return self._main.evidence.pages + (self._closing.evidence.pages if self._closing else 0)

    @property
    def bytes(self) -> int:
        return self._main.evidence.bytes + (self._closing.evidence.bytes if self._closing else 0)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._started

    @property
    def evidence(self) -> dict[str, Any]:
        """What was seen of the listing's wholeness, for `run_listings.evidence`."""
        closing = asdict(self._closing.evidence) if self._closing else None
        return {
            **asdict(self._main.evidence),
            "shared_out": self._shared_out,
            "pages_landed_before": self._main_asking.adopted,
            "closing": closing,
        }

    def _is_ours(self, image: Json) -> bool:
        project = self._connection.project_id
        return project is not None and isinstance(image, dict) and image.get("owner") == project


class _Asking:
    """Brings one page into the landing: from the cloud, tried again where that helps, or from an earlier reading."""

    def __init__(
        self, connection: Connection, landing: Landing, where: str, part: str, earlier: Earlier | None = None
    ) -> None:
        self._connection = connection
        self._landing = landing
        self._where = where
        self._part = part
        self._earlier = earlier
        self.adopted = 0

    def __call__(self, number: int, query: Mapping[str, str]) -> Fetched:
        where = f"{self._where}, {'closing pass, ' if self._part == CLOSING else ''}page {number}"
        landed = self._earlier.take(query) if self._earlier else None
        if landed is not None:
            page, content, file = landed
            self._landing.adopt(page, file)
            self.adopted += 1
            return Fetched(parse_page(content, where), page.received_at, len(content))

        def once() -> Fetched:
            answer = get(self._connection, self._connection.images_url, dict(query), where)
            page = self._landing.keep(answer)
            body = parse_page(answer.body, where)
            ids = [identity for identity in map(usable_id, body.images) if identity is not None]
            self._landing.record(page, self._part, answer, query, ids, len(body.images))
            log.debug("%s: %d images, %d bytes", where, len(body.images), len(answer.body))
            return Fetched(body, answer.received_at, len(answer.body))

        return persistently(once, self._connection.settings.tries, where)
