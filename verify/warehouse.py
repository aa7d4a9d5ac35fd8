"""(c) Checks that the warehouse has what the pages show: which images each run saw where, and each version."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import duckdb

from core.wording import first_of
from verify.files import Fault, Files, content, folders, hexadecimal
from verify.manifest import decompressed
from verify.pages import page_of_images, single_image, usable_id

Json = Any

_NOT_HASHED: Final = ("self", "file", "schema")
_ROWS_AT_ONCE: Final = 1_000
_MOST_NAMED: Final = 3
_EPOCH: Final = datetime.fromisoformat("1970-01-01")

_VERSIONS: Final = """
    SELECT {names}, rejected.rejects
    FROM image_versions AS version
    LEFT JOIN (
        SELECT cloud, id, run_id, list([coalesce(attribute, ''), coalesce(value, ''), reason]) AS rejects
        FROM rejects WHERE id IS NOT NULL GROUP BY cloud, id, run_id
    ) AS rejected
        ON rejected.cloud = version.cloud AND rejected.id = version.id AND rejected.run_id = version.run_from
    WHERE ?::VARCHAR IS NULL OR version.run_from = ?
    ORDER BY version.landed_file, version.id"""


class Loaded:
    """A warehouse, or a copy of one.

    After check_versions: `versions` is the number of versions, `on_pages` of those that are on the page that they name,
    `without_page` of those whose page is no longer in landing, or not known.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def has(self, record: dict[str, Json]) -> bool:
        """Whether the cloud's part of the run was loaded."""
        cloud = self._name_now(record)
        return bool(self._rows("SELECT 1 FROM run_clouds WHERE run_id = ? AND cloud = ?", record["run_id"], cloud))

    def check_ids(
        self, record: dict[str, Json], shown: dict[str, set[str]], whole: set[str], answered: set[str]
    ) -> Iterator[str]:
        """A sentence for each fault in the images and memberships of a cloud in a run.

        `shown`: by listing, the ids on the pages. `whole`: the listings that must not have other images. `answered`:
        images that no listing showed, but that answered by id.
        """
        run_id, cloud, at = record["run_id"], self._name_now(record), datetime.fromisoformat(record["started_at"])
        where = f"run {run_id}, cloud {cloud}"
        staying = {one for name in ("withheld", "waiting", "undecided") for one in record.get(name, ())}
        then = "cloud = ? AND seen_from <= ? AND (seen_to IS NULL OR seen_to > ?)"
        of_run = "SELECT id FROM image_versions WHERE cloud = ? AND"
        members: dict[str, set[str]] = {}
        for listing, identity in self._rows(f"SELECT listing, id FROM listing_memberships WHERE {then}", cloud, at, at):
            members.setdefault(listing, set()).add(identity)
        for listing in sorted(shown.keys() | whole):
            ids, known = shown.get(listing, set()), members.get(listing, set())
            yield from _named(ids - known, f"{where}: the pages show {{}} in {listing}, but the warehouse does not")
            extra = known - ids - staying if listing in whole else set()
            yield from _named(extra, f"{where}: the warehouse has {{}} in {listing}, but no page shows that")
        seen = answered.union(*shown.values())
        current = self._ids(f"SELECT id FROM image_versions WHERE {then}", cloud, at, at)
        yield from _named(
            seen - current, f"{where}: the pages show {{}}, but the warehouse has no version at that time"
        )
        unseen = self._ids(f"{of_run} run_from = ?", cloud, run_id) - seen
        yield from _named(unseen, f"{where}: the warehouse has a version of {{}} from this run, but no page shows it")
        still_there = self._ids(f"{of_run} run_to = ? AND end_reason = 'deleted'", cloud, run_id) & seen
        yield from _named(still_there, f"{where}: the warehouse ended {{}} as deleted, but a page shows it")

    def check_versions(self, files: Files, run_id: str | None) -> Iterator[str]:
        """A sentence for each fault in the versions that a run began; with None, in all versions.

        Each version must have the content hash of its row, and be on the page that it names, if that is in landing.
        """
        self.versions = self.on_pages = self.without_page = 0
        columns = self._hashed_columns()
        if not columns:
            return
        names = ["landed_file", "landed_hash", "content_hash", "cloud", "run_from", "extra", *columns]
        quoted = ", ".join(f'version."{name}"' for name in names)
        result = self._connection.execute(_VERSIONS.format(names=quoted), [run_id, run_id])
        file, texts = None, dict[str, set[str]]()
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            for row in rows:
                version = dict(zip([*names, "rejects"], row, strict=True))
                shown = f"run {version['run_from']}, cloud {version['cloud']}, image {version['id']}"
                self.versions += 1
                if content_hash(version, columns) != version["content_hash"]:
                    yield f"{shown}: the version's row does not match its content_hash"
                if version["landed_file"] != file:
                    file, texts = version["landed_file"], {}
                    try:
                        found = file and _hashes_on(files, file)
                        texts = found or {}
                        if file and found is None and (run_id or file.partition("/")[0] in folders(files, "")):
                            yield f"{shown}: {file} is missing"
                    except Fault as fault:
                        yield str(fault)
                if not texts or version["landed_hash"] is None:
                    self.without_page += 1
                elif version["landed_hash"] in texts.get(version["id"], ()):
                    self.on_pages += 1
                else:
                    yield f"{shown}: {file} does not have the image with the hash {version['landed_hash']}"

    def _name_now(self, record: dict[str, Json]) -> str:
        """Today's name of a cloud in landing, which keeps the name at that time."""
        name: str = record["cloud"]
        with suppress(duckdb.CatalogException):  # an older warehouse, in which clouds could not be renamed
            for old, new in self._rows(
                "SELECT old_name, new_name FROM renames WHERE renamed_at > ? ORDER BY renamed_at",
                datetime.fromisoformat(record["started_at"]),
            ):
                name = new if name == old else name
        return name

    def _hashed_columns(self) -> list[str]:
        """The columns in the content hash, in the order of the hash."""
        known = self._ids("SELECT column_name FROM attributes WHERE source <> 'glanceback'")
        there = self._ids("SELECT column_name FROM (DESCRIBE image_versions)")
        if "landed_hash" not in there:
            return []  # an older warehouse, in which versions do not name their page
        return sorted(there & known - {*_NOT_HASHED}, key=str.encode)

    def _ids(self, query: str, *parameters: object) -> set[str]:
        return {one for (one,) in self._rows(query, *parameters)}

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(parameters)).fetchall()


def content_hash(version: dict[str, Json], columns: list[str]) -> str:
    """The hash of a version's content, from its row; docs/internals.md describes the text that is hashed."""
    pieces = [b"glanceback 2;"]
    for name in columns:
        if version[name] is not None:
            pieces.append(b"%s=%s;" % (name.encode(), _counted(_text(version[name]))))
    for name, value in sorted((version["extra"] or {}).items(), key=lambda entry: _bytes(entry[0])):
        pieces.append(b"+%s=%s;" % (_counted(_bytes(name)), _counted(_bytes(value))))
    for reject in sorted(tuple(map(_bytes, one)) for one in version["rejects"] or ()):
        pieces.append(b"!%s=%s~%s;" % tuple(map(_counted, reject)))
    return hexadecimal(b"".join(pieces))[:32]


def _text(value: Json) -> bytes:
    if isinstance(value, bool):
        return b"true" if value else b"false"
    if isinstance(value, datetime):
        since = value - _EPOCH
        return b"%d" % ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds)
    if isinstance(value, list):
        return b"".join(_counted(_bytes(tag)) for tag in value)
    return _bytes(str(value))


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _counted(text: bytes) -> bytes:
    return b"%d:%s" % (len(text), text)


def _hashes_on(files: Files, file: str) -> dict[str, set[str]] | None:
    """By id, the hashes of the images on a page or in an answer; None if the file is missing. Raises: Fault."""
    stored = content(files, file)
    if stored is None:
        return None
    body = decompressed(stored, file)
    is_single = file.split("/")[-2] == "unlisted"
    found: dict[str, set[str]] = {}
    for image, text_hash in [single_image(body, file)] if is_single else page_of_images(body, file).images:
        found.setdefault(usable_id(image) or "", set()).add(text_hash)
    return found


def _named(ids: set[str], sentence: str) -> Iterator[str]:
    """The sentence about these images, if there are any; it names a few of them."""
    if ids:
        yield sentence.replace("{}", f"image {first_of(sorted(ids), _MOST_NAMED)}")
