"""Runs in landing, one after the other: the hashes, the proof that what is called complete is, and the warehouse."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from verify.complete import check_complete
from verify.files import Fault, Files, hexadecimal, record_in
from verify.manifest import Landed, landed, listing_folders, page_bytes
from verify.pages import page_of_images, single_image, usable_id
from verify.question import Page, Question
from verify.warehouse import Loaded

Json = Any

UNLISTED = "unlisted"


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence. `is_fault`: something is wrong; otherwise it says what was shown, or could not be."""

    text: str
    is_fault: bool = False


def run_ids(files: Files) -> list[str]:
    """The runs that landing has, the oldest first: their ids begin with their time."""
    return [name for name in files.names("") if not name.startswith(".") and files.is_folder(name)]


def verify(files: Files, chosen: list[str] | None, loaded: Loaded | None) -> Iterator[Finding]:
    """Check these runs; with None all of them, and every version in the warehouse."""
    for run_id in run_ids(files) if chosen is None else chosen:
        yield from _Run(files, run_id, loaded).check()
    if loaded is not None:
        of_runs: list[str | None] = [None] if chosen is None else [*chosen]
        for of_run in of_runs:
            yield from (Finding(text, is_fault=True) for text in loaded.check_versions(files, of_run))
            yield Finding(
                f"versions: {loaded.versions}; of them stand on the page that they name: {loaded.on_pages}; "
                f"that page is not landed, or not known: {loaded.without_page}"
            )


class _Run:
    def __init__(self, files: Files, run_id: str, loaded: Loaded | None) -> None:
        self._files, self._run_id, self._loaded = files, run_id, loaded

    def check(self) -> Iterator[Finding]:
        files, run_id = self._files, self._run_id
        if not files.is_folder(run_id):
            yield Finding(f"run {run_id}: landing does not have it", is_fault=True)
            return
        nights: dict[str, tuple[dict[str, Json], str | None]] = {}
        hashes: dict[str, str] = {}
        try:
            record = record_in(files, f"{run_id}/run.json", old="run_id")
            if record and record[0]["run_id"] != run_id:
                raise Fault(f"{run_id}/run.json is the record of another run")
            hashes = (record[0].get("nights") if record else None) or {}
        except Fault as fault:
            yield Finding(str(fault), is_fault=True)
        folders = [name for name in files.names(run_id) if files.is_folder(f"{run_id}/{name}")]
        for name in sorted({*folders, *hashes}):
            if name.startswith("."):
                continue
            place = f"{run_id}/{name}"
            try:
                night = record_in(files, f"{place}/night.json", old="run_id")
                if name in hashes and (night is None or night[1] != hashes[name]):
                    what = "missing" if night is None else "not what was written"
                    raise Fault(f"{place}/night.json is {what}: {run_id}/run.json has the hash of another")
                if night and (night[0]["run_id"], _folder_of(night[0]["cloud"])) != (run_id, name):
                    raise Fault(f"{place}/night.json is the record of another run or cloud")
            except Fault as fault:
                yield Finding(str(fault), is_fault=True)
                continue
            if night:
                nights[name] = night
            yield from _Cloud(files, place, nights[name][0] if night else None, self._loaded).check()
        if not nights:
            yield Finding(
                f"run {run_id}: landing has no record of what was read to its end; only hashes were looked at"
            )


class _Cloud:
    """One cloud's folder in a run. `night` is its record, None where the run did not come so far."""

    def __init__(self, files: Files, place: str, night: dict[str, Json] | None, loaded: Loaded | None) -> None:
        self._files, self._place, self._night, self._loaded = files, place, night, loaded
        self._outcomes = {outcome["listing"]: outcome for outcome in (night or {}).get("outcomes", ())}
        self._shown: dict[tuple[str, str], tuple[str, str]] = {}
        self._answered: set[str] = set()

    def check(self) -> Iterator[Finding]:
        night = self._night or {}
        heads = night.get("heads") or {}
        complete = [name for name, outcome in self._outcomes.items() if outcome["complete"]]
        wanted = {*complete, *heads, *([UNLISTED] if night.get("answered") else [])}
        is_whole, is_old, pages = True, False, 0
        for name in sorted({*listing_folders(self._files, self._place), *wanted}):
            place = f"{self._place}/{name}"
            try:
                listing = landed(self._files, place, heads.get(name))
                if name in wanted and night.get("heads") is not None and not listing.is_proven:
                    raise Fault(f"{place}: the night's record has no head of it, or its lines have no hashes")
                is_old = is_old or not listing.is_proven
                pages += len(listing.lines)
                self._check_listing(listing, name, is_complete=name in complete)
            except (Fault, KeyError, TypeError, AttributeError) as exc:
                text = str(exc) if isinstance(exc, Fault) else f"{place}: a record does not have its form ({exc!r})"
                is_whole = False
                yield Finding(text, is_fault=True)
        if self._night is None or not is_whole:
            return
        what = f"{self._place}: {pages} pages; complete: {', '.join(complete) or 'nothing'}"
        if night.get("heads") is None:
            yield Finding(f"{what}. Unproven: landed before there were hashes of all")
        else:
            yield Finding(f"{what}. Proven" + (", but for listings that were not read to their end" if is_old else ""))
        yield from self._check_warehouse(complete)

    def _check_listing(self, listing: Landed, name: str, *, is_complete: bool) -> None:
        """Every page of it; and, where it is called complete, that it is. Raises: Fault."""
        night, pages = self._night or {}, list[Page]()
        question = Question(night.get("dialect"), name, night.get("project_id"))
        for line in listing.lines:
            where = f"{listing.name}/{line['file']}"
            body = page_bytes(self._files, listing.name, line)
            if name == UNLISTED:
                self._answered.add(_answer(body, line, where))
            elif is_complete:
                content = page_of_images(body, where)
                page = question.page(where, line, content)
                pages.append(page)
                for identity, is_ours in list(zip(page.ids, page.ours, strict=True))[: page.taken]:
                    if identity is not None:
                        self._show(identity, name, line["received_at"], is_ours=is_ours)
        if is_complete and listing.is_proven and listing.start is not None:
            check_complete(pages, listing.start, self._outcomes[name], name.startswith("shared-"))
        lost = set(night.get("answered", ())) - self._answered if name == UNLISTED else None
        if lost:
            raise Fault(f"{listing.name}: the answer of image {min(lost)} is missing")

    def _show(self, identity: str, listing: str, received_at: str, *, is_ours: bool) -> None:
        """Every shared listing shows what we share ourselves. Of listings that exclude each other the last one counts.

        On plain OpenStack any two do: an image has one visibility. On IMS a public or shared image may be ours too.
        """
        shown = "shared-out" if listing.startswith("shared-") and is_ours else listing
        is_openstack = (self._night or {}).get("dialect") == "openstack"
        kind = "any" if is_openstack else "private" if shown == "private" else "other"
        self._shown[identity, kind] = max(self._shown.get((identity, kind), ("", "")), (received_at, shown))

    def _check_warehouse(self, complete: list[str]) -> Iterator[Finding]:
        night = self._night
        if night is None or self._loaded is None:
            return
        if not self._loaded.has(night["run_id"], night["cloud"]):
            yield Finding(f"{self._place}: it was not loaded, or the warehouse has another name for the cloud")
            return
        shown: dict[str, set[str]] = {}
        for (identity, _), (_, listing) in self._shown.items():
            shown.setdefault(listing, set()).add(identity)
        whole = set(complete) if night["ends_images"] else set()
        if any(name.startswith("shared-") for name in whole):
            whole.add("shared-out")
        for text in self._loaded.check_ids(night, shown, whole, self._answered):
            yield Finding(text, is_fault=True)


def _answer(body: bytes, line: dict[str, Json], where: str) -> str:
    """The id of an image that was asked for by id. Raises: Fault."""
    image, _ = single_image(body, where)
    identity = usable_id(image)
    if identity is None or line["path"] != f"/v2/images/{quote(identity, safe='')}" or line["status"] != 200:
        raise Fault(f"{where} is not the image that was asked for")
    return identity


def _folder_of(cloud: str) -> str:
    name = quote(cloud, safe="")
    name = f"%2E{name[1:]}" if name.startswith(".") else name
    return f"{name[:180]}%~{hexadecimal(cloud.encode())[:32]}" if len(name) > 255 else name
