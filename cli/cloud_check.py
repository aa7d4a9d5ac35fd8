"""Checks one cloud for `glanceback check`: sends each kind of request that a run sends once, and prints the result."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from cli.console import Screen
from cli.display import printable
from core.errors import CloudError, GlancebackError, LoginRefused, Refused, SettingsError, TransientError, WrongClock
from core.redaction import shown_url
from core.wording import counted
from extract.account import CloudSettings
from extract.asking import ask_page
from extract.body import PageBody
from extract.confirmation import why_unaskable
from extract.connection import Connection, why_refused
from extract.dialect import ApiProbe
from extract.expiry import credential_expiry
from extract.listing import Listing, mismatch
from extract.order import ascending
from pipeline.session import Session, check_clocks, open_session

_TOLERATED_DIFFERENCE: Final = timedelta(seconds=60)
_FORBIDDEN: Final = 403
_RIGHT_TO_LIST: Final = (
    "The account lacks the right to list images: ims:images:list, or get_images in OpenStack's policies."
)
_UNCONFIRMED: Final = (
    "A run cannot confirm deletions here: an image ends if two complete readings in a row do not show it."
)


_LONGEST_TRY_SECONDS: Final = 15.0
"""A person waits for the answer. A run tries for longer."""


class CloudCheck:
    """Checks one cloud and prints the results on the console."""

    def __init__(self, settings: CloudSettings, console: Screen) -> None:
        self._settings = replace(settings, retry_seconds=min(settings.retry_seconds, _LONGEST_TRY_SECONDS))
        self._console = console
        self._code = 0
        self._cut_pages: list[int] = []

    def run(self, remembered: str | None) -> int:
        """Check the cloud. Return 0 if all is well, 1 if there is a problem, 2 if the settings are wrong."""
        try:
            self._ask_all(open_session(self._settings, remembered))
        except SettingsError as exc:
            self._problem(str(exc))
            return 2
        except LoginRefused as exc:
            self._problem(self._why_refused(exc))
        except GlancebackError as exc:
            self._problem(_with_right(exc))
        return self._code

    def _why_refused(self, refusal: LoginRefused) -> str:
        try:
            why = why_refused(self._settings)
        except GlancebackError:
            why = None
        return f"{refusal.what.rstrip('.')}. {why}" if why else str(refusal)

    def _ask_all(self, session: Session) -> None:
        """Run all checks. Raises: TransientError if the cloud does not answer; the other checks are skipped."""
        self._account(session.connection)
        self._clocks(session.api_probe)
        self._say("dialect", f"{session.api_probe.dialect} ({session.api_probe.reason})")
        if session.missing:
            self._say("note", f"the image API is old and does not have the listings {', '.join(session.missing)}")
        self._filters(session.connection)
        pages = [
            (listing, page) for listing in session.listings if (page := self._listing(session.connection, listing))
        ]
        self._markers(session.connection, pages)
        self._changes(session.api_probe, session.connection, pages)
        self._probes(session.connection, pages)
        self._single_images(session.connection, pages)
        self._page_size()

    def _account(self, connection: Connection) -> None:
        who = connection.user_name or "unknown user (the login does not name one)"
        project = f"{connection.project_name or ''} ({connection.project_id or 'unknown'})".strip()
        self._say("logged in as", f"{who}, project {project}")
        self._say("endpoint", shown_url(connection.endpoint))
        self._say("region", connection.region or "not named")
        if connection.has_fixed_token:
            self._token(connection.token_expires_at)
        self._application_credential()
        if connection.project_id is None:
            self._problem(
                "the login does not name a project: images that the account shares out look like images that it "
                "received. Set project_id (or OS_PROJECT_ID)."
            )
        if "admin" in connection.roles:
            self._say(
                "note",
                "the account is an administrator: every shared listing shows the shared images of all projects. "
                "A member's account shows only those of its project.",
            )

    def _token(self, expires_at: datetime | None) -> None:
        advice = "it cannot be renewed: for scheduled runs use an application credential, or a password"
        if expires_at is None:
            self._say("token", f"from the settings, its expiry is unknown; {advice}")
            return
        self._say("token", f"expires at {_when(expires_at)}; {advice}")

    def _application_credential(self) -> None:
        """Print when the credential expires: later runs cannot log in, and the service does not say why."""
        name = "application credential"
        try:
            expiry = credential_expiry(self._settings)
        except GlancebackError as exc:
            self._say(name, f"its expiry cannot be read ({exc.what})")
            return
        if expiry is None:
            return
        if expiry.at is None:
            self._say(name, "does not expire")
        else:
            self._say(name, f"expires at {_when(expiry.at)}; create a new one before that")

    def _clocks(self, api_probe: ApiProbe) -> None:
        difference = api_probe.clock_difference
        if difference is None:
            self._say(
                "clocks", "the service does not send a usable time (Date header), so runs use this machine's clock"
            )
            self._say("note", "each run reads the changes of the last day again, in case the cloud's clock is behind")
            return
        seconds = difference.total_seconds()
        self._say("clocks", f"the cloud's is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} ours")
        try:
            check_clocks(self._settings.name, api_probe)
        except WrongClock as exc:
            self._problem(str(exc))
            return
        if abs(difference) > _TOLERATED_DIFFERENCE:
            self._say("note", "runs use the cloud's clock, so this does no harm; but one of the two clocks is wrong")

    def _filters(self, connection: Connection) -> None:
        """Ask for a name that no image has: the page must be empty. If filters are ignored, it has images."""
        nobody = {"name": f"glanceback-{uuid.uuid4()}", "limit": "1"}
        page = self._page(connection, nobody, "filter")
        if page is not None and page.images:
            self._problem(
                "filters are ignored: a filter for a name that no image has returned images. The listings would all be "
                "the same here. Check whether a proxy drops the query."
            )
        elif page is not None:
            self._say("filters", "honoured")

    def _page_size(self) -> None:
        """Print the page size. A page that is shorter than asked for and has `next` shows the server's limit."""
        asked = self._settings.page_size
        if self._cut_pages and max(self._cut_pages) < asked:
            self._say("page size", f"{asked} asked for, the server's limit is {max(self._cut_pages)}")
        elif self._cut_pages:
            self._say("page size", f"{asked}, allowed by the server")
        else:
            self._say("page size", f"{asked} asked for; no listing is long enough to show the server's limit")

    def _listing(self, connection: Connection, listing: Listing) -> PageBody | None:
        """The listing's first page; None if the request failed."""
        query = {**listing.filters, "limit": str(self._settings.page_size), "sort_key": "id", "sort_dir": "asc"}
        page = self._page(connection, query, f"listing {listing.name}")
        if page is None:
            return None
        if page.next is not None:
            self._cut_pages.append(len(page.images))
        told = f"{counted(len(page.images), 'image')} on the first page"
        if own := _shared_out(listing, page, connection.project_id):
            told += f", {own} of them shared out by this project: a run counts these once, as shared-out"
        self._say(f"listing {listing.name}", told)
        if not ascending(page.ids):
            self._problem(f"listing {listing.name}: sorting by id is ignored, so a run cannot read all of it")
        if stranger := _stranger(listing, page):
            self._problem(f"listing {listing.name}: a filter is ignored ({stranger}). Set dialect, or listings.")
        return page

    def _markers(self, connection: Connection, pages: "_Pages") -> None:
        """Ask for a page after an image: it must not have that image. A run asks for all later pages in this way."""
        listing, page = max(pages, key=lambda found: len(found[1].ids), default=(None, None))
        if listing is None or page is None or len(page.ids) < 2:
            return
        query = {**listing.filters, "limit": "1", "sort_key": "id", "sort_dir": "asc", "marker": page.ids[0]}
        second = self._page(connection, query, f"listing {listing.name}, second page")
        if second is None:
            return
        if page.ids[0] in second.ids:
            self._problem(
                "markers are ignored: the second page is the first page again, so long listings cannot be read"
            )
        else:
            self._say("markers", "honoured")

    def _changes(self, api_probe: ApiProbe, connection: Connection, pages: "_Pages") -> None:
        """Ask each listing for changes, as a run does at its end; without an answer the listing is incomplete."""
        since = api_probe.started_at
        changed = {"updated_at": f"gte:{since:%Y-%m-%dT%H:%M:%SZ}", "limit": "1", "sort_key": "id", "sort_dir": "asc"}
        for listing, _ in pages:
            page = self._page(connection, {**listing.filters, **changed}, f"listing {listing.name}, what changed")
            stranger = _stranger(listing, page, since) if page is not None else None
            if page is None or stranger:
                self._problem(
                    f"listing {listing.name} cannot be asked for changes ("
                    f"{stranger or 'the filter updated_at=gte:... is refused'}). A run asks this at the end of each "
                    "listing, and without an answer the listing is incomplete. Ask the operator whether a gateway "
                    "refuses or drops the filter."
                )
                return
        if pages:
            self._say("changes", "can be asked for")

    def _probes(self, connection: Connection, pages: "_Pages") -> None:
        """Ask for the oldest image, as a first run does to divide a long listing among readers. It is optional."""
        listing = max(pages, key=lambda found: len(found[1].ids), default=(None, None))[0]
        if listing is None:
            return
        query = {**listing.filters, "limit": "1", "sort_key": "created_at", "sort_dir": "asc"}
        try:
            ask_page(connection, query, f"cloud {self._settings.name}, oldest image")
        except CloudError as exc:
            self._say("note", f"long listings are read by one reader in the first run, which takes longer ({exc})")

    def _single_images(self, connection: Connection, pages: "_Pages") -> None:
        """Ask for an image by its id, as a run does before it ends an image."""
        listed = [identity for _, page in pages for identity in page.ids[:1]]
        if not listed:
            self._say("single images", "not checked: no listing has an image")
            return
        try:
            why = why_unaskable(connection, listed)
        except CloudError as exc:
            self._problem(str(exc))
            return
        if why is None:
            self._say("single images", "can be asked for")
        else:
            self._problem(f"{why.rstrip('.')}. {_UNCONFIRMED}")

    def _page(self, connection: Connection, query: dict[str, str], what: str) -> PageBody | None:
        where = f"cloud {self._settings.name}, {what}"
        try:
            return ask_page(connection, query, where)[1]
        except TransientError:
            raise
        except CloudError as exc:
            self._problem(_with_right(exc))
            return None

    def _say(self, what: str, text: str) -> None:
        self._console.print(f"  {what + ':':24} {printable(text)}", highlight=False, markup=False, soft_wrap=True)

    def _problem(self, text: str) -> None:
        self._code = 1
        self._console.print(
            f"  {'PROBLEM:':24} {printable(text)}", style="yellow", highlight=False, markup=False, soft_wrap=True
        )


def _when(at: datetime) -> str:
    """A time (UTC), and the hours or days until then."""
    hours = (at - datetime.now(UTC).replace(tzinfo=None)).total_seconds() / 3600
    return f"{at:%Y-%m-%d %H:%M} UTC, in " + (f"{hours:.1f} hours" if hours < 48 else counted(int(hours / 24), "day"))


_Pages = Sequence[tuple[Listing, PageBody]]


def _stranger(listing: Listing, page: PageBody, since: datetime | None = None) -> str | None:
    """Why an image of the page was not asked for; None if all images were."""
    found = (mismatch(listing, image, since) for image in page.images if isinstance(image, dict))
    return next(filter(None, found), None)


def _shared_out(listing: Listing, page: PageBody, project_id: str | None) -> int:
    """How many images of a shared listing are the project's own: every shared listing shows these."""
    if not listing.name.startswith("shared-") or project_id is None:
        return 0
    return sum(isinstance(image, dict) and image.get("owner") == project_id for image in page.images)


def _with_right(error: GlancebackError) -> str:
    """The error as text; if the account may not list images, with the right that it lacks."""
    forbidden = isinstance(error, Refused) and error.status == _FORBIDDEN
    return f"{error.what.rstrip('.')}. {_RIGHT_TO_LIST}" if forbidden else str(error)
