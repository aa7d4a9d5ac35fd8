"""Start reading here: checks each run in landing, its clouds and their listings, and then the warehouse."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import quote

from core.wording import counted
from verify.complete import check_complete
from verify.files import Fault, Files, folders, hexadecimal, record_in
from verify.listings import Listing, Page
from verify.manifest import Landed, landed, page_bytes
from verify.pages import page_of_images, single_image, usable_id
from verify.warehouse import Loaded

Json = Any

_UNLISTED: Final = "unlisted"
_OF_ANOTHER_FORM: Final = (KeyError, IndexError, TypeError, ValueError, AttributeError)
"""Errors from a record whose hashes are right but whose form is wrong."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence. `is_fault`: something is wrong; otherwise it says what was proven, or could not be proven."""

    text: str
    is_fault: bool = False


def _fault(exc: Exception, where: str) -> Finding:
    text = str(exc) if isinstance(exc, Fault) else f"{where}: a record does not have its form ({exc!r})"
    return Finding(text, is_fault=True)


def run_ids(files: Files) -> list[str]:
    """The runs in landing, oldest first: their ids begin with their time."""
    return folders(files, "")


def verify(files: Files, chosen: list[str] | None, loaded: Loaded | None) -> Iterator[Finding]:
    """Check these runs; with None all runs, and every version in the warehouse."""
    known = run_ids(files)
    for run_id in known if chosen is None else chosen:
        if run_id in known:
            yield from _check_run(files, run_id, loaded)
        else:
            yield Finding(f"run {run_id}: landing does not have it", is_fault=True)
    if loaded is None:
        return
    for of_run in [None] if chosen is None else [*chosen]:
        yield from (Finding(text, is_fault=True) for text in loaded.check_versions(files, of_run))
        yield Finding(
            f"versions: {loaded.versions}; of them stand on the page that they name: {loaded.on_pages}; "
            f"that page is not landed, or not known: {loaded.without_page}"
        )


def _check_run(files: Files, run_id: str, loaded: Loaded | None) -> Iterator[Finding]:
    hashes, has_records = dict[str, str](), False
    try:
        run = record_in(files, f"{run_id}/run.json")
        if run and run.value["run_id"] != run_id:
            raise Fault(f"{run_id}/run.json is the record of another run")
        hashes = {**((run and run.value.get("nights")) or {})}
    except (Fault, *_OF_ANOTHER_FORM) as exc:
        yield _fault(exc, run_id)
    for name in sorted({*folders(files, run_id), *hashes}):
        place = f"{run_id}/{name}"
        try:
            cloud = record_in(files, f"{place}/night.json")
            if name in hashes and (cloud is None or cloud.hash != hashes[name]):
                what = "missing" if cloud is None else "not what was written"
                raise Fault(f"{place}/night.json is {what}: {run_id}/run.json has the hash of another")
            if cloud and (cloud.value["run_id"], _folder_of(cloud.value["cloud"])) != (run_id, name):
                raise Fault(f"{place}/night.json is the record of another run or cloud")
            has_records = has_records or cloud is not None
            yield from _Cloud(files, place, cloud.value if cloud else None).check(loaded)
        except (Fault, *_OF_ANOTHER_FORM) as exc:
            yield _fault(exc, place)
    if not has_records:
        yield Finding(f"run {run_id}: landing has no record of what was read to its end; only hashes were looked at")


@dataclass
class _Cloud:
    """The folder of a cloud in a run. `record`: night.json; None if the run ended before it was written.

    `shown`: by id and kind of listing, when an image was last shown and by which listing. `answered`: the images that
    answered by id.
    """

    files: Files
    place: str
    record: dict[str, Json] | None
    shown: dict[tuple[str, str], tuple[str, str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)

    def check(self, loaded: Loaded | None) -> Iterator[Finding]:
        record = self.record or {}
        complete = {one["listing"]: one for one in record.get("outcomes", ()) if one["complete"]}
        heads = record.get("heads") or {}
        wanted = {*complete, *heads, *([_UNLISTED] if record.get("answered") else [])}
        faults, is_old, pages = 0, False, 0
        for name in sorted({*folders(self.files, self.place), *wanted}):
            place = f"{self.place}/{name}"
            try:
                listing = landed(self.files, place, heads.get(name))
                if name in wanted and record.get("heads") is not None and not listing.is_proven:
                    raise Fault(f"{place}: the cloud's record has no head of it, or its lines have no hashes")
                is_old = is_old or not listing.is_proven
                pages += len(listing.lines)
                self._check_listing(listing, name, complete.get(name))
            except (Fault, *_OF_ANOTHER_FORM) as exc:
                faults += 1
                yield _fault(exc, place)
        if self.record is None or faults:
            return
        proof = "Unproven: landed before there were hashes of all" if record.get("heads") is None else "Proven"
        but = ", but for listings that were not read to their end" if is_old and proof == "Proven" else ""
        yield Finding(
            f"{self.place}: {counted(pages, 'page')}; complete: {', '.join(complete) or 'nothing'}. {proof}{but}"
        )
        if loaded is not None:
            yield from self._check_warehouse(loaded, self.record, set(complete))

    def _check_listing(self, listing: Landed, name: str, outcome: Json) -> None:
        """Check every page; if the outcome says that the listing is complete, check that too. Raises: Fault."""
        record, pages = self.record or {}, list[Page]()
        asked = Listing(record.get("dialect"), name, record.get("project_id"))
        for line in listing.lines:
            where, body = f"{listing.name}/{line['file']}", page_bytes(self.files, listing.name, line)
            if name == _UNLISTED:
                self.answered.add(_answer(body, line, where))
            elif outcome is not None:
                page = asked.page(where, line, page_of_images(body, where))
                pages.append(page)
                for identity, is_ours in page.taken:
                    if identity is not None:
                        self._show(identity, name, line["received_at"], is_ours=is_ours)
        if outcome is not None and listing.is_proven and listing.start is not None:
            check_complete(pages, listing.start, outcome, name.startswith("shared-"))
        lost = set(record.get("answered", ())) - self.answered if name == _UNLISTED else None
        if lost:
            raise Fault(f"{listing.name}: the answer of image {min(lost)} is missing")

    def _show(self, identity: str, listing: str, received_at: str, *, is_ours: bool) -> None:
        """Record which listing shows an image. Every shared listing shows what we share ourselves, as shared-out.

        Of listings that exclude each other, the last one counts. On plain OpenStack any two do, because an image has
        one visibility. On IMS, a public or shared image may also be ours.
        """
        shown = "shared-out" if listing.startswith("shared-") and is_ours else listing
        is_openstack = (self.record or {}).get("dialect") == "openstack"
        kind = "any" if is_openstack else "private" if shown == "private" else "other"
        self.shown[identity, kind] = max(self.shown.get((identity, kind), ("", "")), (received_at, shown))

    def _check_warehouse(self, loaded: Loaded, record: dict[str, Json], complete: set[str]) -> Iterator[Finding]:
        shown: dict[str, set[str]] = {}
        for (identity, _), (_, listing) in self.shown.items():
            shown.setdefault(listing, set()).add(identity)
        whole = complete if record["ends_images"] else set()
        if any(name.startswith("shared-") for name in whole):
            whole = {*whole, "shared-out"}
        if not loaded.has(record):
            yield Finding(f"{self.place}: it was not loaded")
            return
        for text in loaded.check_ids(record, shown, whole, self.answered):
            yield Finding(text, is_fault=True)


def _answer(body: bytes, line: dict[str, Json], where: str) -> str:
    """The id of an image that was asked for by id. Raises: Fault if the answer is another one."""
    image, _ = single_image(body, where)
    identity = usable_id(image)
    if identity is None or line["path"] != f"/v2/images/{quote(identity, safe='')}" or line["status"] != 200:
        raise Fault(f"{where} is not the image that was asked for")
    return identity


def _folder_of(cloud: str) -> str:
    name = quote(cloud, safe="")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    return f"{name[:180]}%~{hexadecimal(cloud.encode())[:32]}" if len(name) > 255 else name
