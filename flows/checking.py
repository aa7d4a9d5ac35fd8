"""`glanceback check`: log in, look, ask each listing for one page, and say in words what works and what does not."""

import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from rich.console import Console

from extract.account import CloudSettings
from extract.asking import ask_page
from extract.body import PageBody
from extract.connection import Connection
from extract.dialect import FirstLook
from extract.errors import CloudError, GlancebackError, SettingsError
from extract.listing import Listing, mismatch
from extract.order import ascending
from extract.redact import shown_url
from flows.display import printable
from flows.notices import send, trial
from flows.settings import Settings, chosen_clouds, load_settings
from flows.visit import enter

_TOLERATED_DIFFERENCE = timedelta(seconds=60)


def check(config: str | None, clouds: Sequence[str], console: Console, *, notify: bool = False) -> int:
    """Say of each cloud how it stands. 0: all well; 1: something is in the way; 2: the settings are wrong.

    `notify`: send a test notice too.
    """
    settings = load_settings(config)
    code = 0
    for cloud in chosen_clouds(settings, clouds, ()):
        console.print(f"cloud {printable(cloud.name)}", style="bold", highlight=False, markup=False)
        code = max(code, _Check(cloud, console).run())
    if notify:
        code = max(code, _try_notices(settings, console))
    console.print(f"warehouse {settings.warehouse}, settings from {settings.source}", highlight=False, soft_wrap=True)
    return code


def _try_notices(settings: Settings, console: Console) -> int:
    if not settings.notify.urls:
        raise SettingsError(f"{settings.source} has no urls in [notify]", "The README shows how to write them.")
    if not send([trial()], replace(settings.notify, on=("failure",))):
        console.print("notices     could not be sent to all URLs of [notify]: look at each of them", style="yellow")
        return 1
    console.print(f"notices     a test notice went to {len(settings.notify.urls)} URLs", highlight=False)
    return 0


class _Check:
    def __init__(self, settings: CloudSettings, console: Console) -> None:
        self._settings = settings
        self._console = console
        self._code = 0
        self._cut_pages: list[int] = []

    def run(self) -> int:
        try:
            visit = enter(self._settings)
        except SettingsError as exc:
            self._problem(str(exc))
            return 2
        except GlancebackError as exc:
            self._problem(str(exc))
            return 1
        self._account(visit.connection)
        self._clocks(visit.first_look)
        self._say("dialect", f"{visit.first_look.dialect} ({visit.first_look.reason})")
        self._filters(visit.connection)
        for listing in visit.listings:
            self._listing(visit.connection, listing)
        self._page_size()
        return self._code

    def _account(self, connection: Connection) -> None:
        who = connection.user_name or "no user (the login names none)"
        project = f"{connection.project_name or ''} ({connection.project_id or 'unknown'})".strip()
        self._say("logged in as", f"{who}, project {project}")
        self._say("endpoint", shown_url(connection.endpoint))
        if connection.project_id is None:
            self._problem(
                "the login does not say which project it is: images that the account shares out cannot be told from "
                "those it received. Set project_id (or OS_PROJECT_ID)."
            )
        if "admin" in connection.roles:
            self._say(
                "note",
                "the account is an administrator: it sees everybody's shared images in every shared listing. "
                "A member's account shows what a project really has.",
            )

    def _clocks(self, first_look: FirstLook) -> None:
        difference = first_look.clock_difference
        if difference is None:
            self._problem(
                "the service sends no Date header: our own clock stands in for its own. Set overlap_seconds high."
            )
            return
        seconds = difference.total_seconds()
        self._say("clocks", f"the cloud's is {abs(seconds):.1f} s {'ahead of' if seconds > 0 else 'behind'} ours")
        if abs(difference) > _TOLERATED_DIFFERENCE:
            self._say(
                "note", "the runs go by the cloud's clock, so that this does no harm; but one of the two is wrong"
            )

    def _filters(self, connection: Connection) -> None:
        """A name that no image can have must give an empty page; a filter that is ignored gives a full one."""
        nobody = {"name": f"glanceback-{uuid.uuid4()}", "limit": "1"}
        page = self._page(connection, nobody, "filter")
        if page is not None and page.images:
            self._problem(
                "filters are ignored: a name that no image has found some. The listings cannot be told apart here; "
                "see whether a proxy on the way drops the query."
            )
        elif page is not None:
            self._say("filters", "honoured")

    def _page_size(self) -> None:
        """A page that was cut short, and says that more follows, shows the server's own bound."""
        asked = self._settings.page_size
        if self._cut_pages and max(self._cut_pages) < asked:
            self._say("page size", f"{asked} asked for, the server allows {max(self._cut_pages)}")
        elif self._cut_pages:
            self._say("page size", f"{asked}, allowed by the server")
        else:
            self._say("page size", f"{asked} asked for; no listing is long enough to show the server's own bound")

    def _listing(self, connection: Connection, listing: Listing) -> None:
        query = {**listing.filters, "limit": str(self._settings.page_size), "sort_key": "id", "sort_dir": "asc"}
        page = self._page(connection, query, f"listing {listing.name}")
        if page is None:
            return
        images = page.images
        if page.next is not None:
            self._cut_pages.append(len(images))
        strangers = [found for image in images if isinstance(image, dict) and (found := mismatch(listing, image))]
        self._say(f"listing {listing.name}", f"{len(images)} images on the first page")
        if not ascending(page.ids):
            self._problem(f"listing {listing.name}: sorting by id is ignored, so that it could not be read whole")
        if strangers:
            self._problem(f"listing {listing.name}: a filter is ignored ({strangers[0]}). Set dialect, or listings.")

    def _page(self, connection: Connection, query: dict[str, str], what: str) -> PageBody | None:
        where = f"cloud {self._settings.name}, {what}"
        try:
            return ask_page(connection, query, where)[1]
        except CloudError as exc:
            self._problem(str(exc))
            return None

    def _say(self, what: str, text: str) -> None:
        self._console.print(f"  {what + ':':24} {printable(text)}", highlight=False, markup=False, soft_wrap=True)

    def _problem(self, text: str) -> None:
        self._code = 1
        self._console.print(
            f"  {'PROBLEM:':24} {printable(text)}", style="yellow", highlight=False, markup=False, soft_wrap=True
        )
