"""(c) Does the warehouse hold what the pages say? Which images each run saw where, and each version as it stands."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

import duckdb

from verify.files import Fault, Files, hexadecimal
from verify.manifest import decompressed
from verify.pages import page_of_images, single_image, usable_id

Json = Any

_NOT_HASHED: Final = ("self", "file", "schema")
_ROWS_AT_ONCE: Final = 1_000
_MOST_NAMED: Final = 3
_EPOCH: Final = datetime.fromisoformat("1970-01-01")


class Loaded:
    """A warehouse, or a copy of one, as its tables stand.

    After check_versions: `versions` were looked at, of which `on_pages` stand on the page that they name, while of
    `without_page` it is not landed any more, or not known.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection

    def has(self, run_id: str, cloud: str) -> bool:
        """Whether the cloud's night was loaded."""
        return bool(self._rows("SELECT 1 FROM run_clouds WHERE run_id = ? AND cloud = ?", run_id, cloud))

    def check_ids(
        self, night: dict[str, Json], shown: dict[str, set[str]], whole: set[str], answered: set[str]
    ) -> Iterator[str]:
        """What is wrong with the images and memberships of a night, in sentences.

        `shown`: by listing, the ids on the pages. `whole`: the listings of which nothing else may be there. `answered`:
        images that no listing showed, and that answered by id.
        """
        cloud, at = night["cloud"], datetime.fromisoformat(night["started_at"])
        where = f"run {night['run_id']}, cloud {cloud}"
        staying = {one for name in ("withheld", "waiting", "undecided") for one in night.get(name, ())}
        open_then = "cloud = ? AND seen_from <= ? AND (seen_to IS NULL OR seen_to > ?)"
        members: dict[str, set[str]] = {}
        for listing, identity in self._rows(
            f"SELECT listing, id FROM listing_memberships WHERE {open_then}", cloud, at, at
        ):
            members.setdefault(listing, set()).add(identity)
        for listing in sorted(shown.keys() | whole):
            ids, known = shown.get(listing, set()), members.get(listing, set())
            yield from _named(ids - known, f"{where}: the pages show {{}} in {listing}, and the warehouse does not")
            if listing in whole:
                extra = known - ids - staying
                yield from _named(extra, f"{where}: the warehouse has {{}} in {listing}, and no page shows that")
        current = {one for (one,) in self._rows(f"SELECT id FROM image_versions WHERE {open_then}", cloud, at, at)}
        seen = set().union(answered, *shown.values())
        yield from _named(seen - current, f"{where}: the pages show {{}}, of which the warehouse has no version then")
        began = self._rows("SELECT id FROM image_versions WHERE cloud = ? AND run_from = ?", cloud, night["run_id"])
        unseen = {one for (one,) in began} - seen
        yield from _named(unseen, f"{where}: the warehouse has a version of {{}} from this run, and no page shows it")
        ended = self._rows(
            "SELECT id FROM image_versions WHERE cloud = ? AND run_to = ? AND end_reason = 'deleted'",
            cloud, night["run_id"],
        )  # fmt: skip
        still_there = {one for (one,) in ended} & seen
        yield from _named(still_there, f"{where}: the warehouse ended {{}} as deleted, and a page shows it")

    def check_versions(self, files: Files, run_id: str | None) -> Iterator[str]:
        """What is wrong with the versions that a run began, or with all (None), in sentences.

        Each must have the content hash of its row, and stand on the page that it names, where that is still landed.
        """
        self.versions = self.on_pages = self.without_page = 0
        columns = self._hashed_columns()
        if not columns:
            return
        rejects: dict[tuple[str, str, str], list[tuple[str, str, str]]] = {}
        for cloud, identity, began_in, *reject in self._rows(
            "SELECT cloud, id, run_id, coalesce(attribute, ''), coalesce(value, ''), reason FROM rejects "
            "WHERE id IS NOT NULL AND (?::VARCHAR IS NULL OR run_id = ?)", run_id, run_id,
        ):  # fmt: skip
            attribute, value, reason = reject
            rejects.setdefault((cloud, identity, began_in), []).append((attribute, value, reason))
        names = ["landed_file", "landed_hash", "landed_page", "content_hash", "cloud", "run_from", "extra", *columns]
        result = self._connection.execute(
            f"SELECT {', '.join(_quoted(name) for name in names)} FROM image_versions "
            "WHERE (?::VARCHAR IS NULL OR run_from = ?) ORDER BY landed_file, id", [run_id, run_id],
        )  # fmt: skip
        file, texts = None, dict[str, set[str]]()
        while rows := result.fetchmany(_ROWS_AT_ONCE):
            for row in rows:
                version = dict(zip(names, row, strict=True))
                key = (version["cloud"], version["id"], version["run_from"])
                shown = f"run {key[2]}, cloud {key[0]}, image {key[1]}"
                self.versions += 1
                if content_hash(version, columns, rejects.get(key, [])) != version["content_hash"]:
                    yield f"{shown}: the version's row is not what its content_hash says"
                if version["landed_hash"] is None or version["landed_file"] is None:
                    self.without_page += 1
                    continue
                if version["landed_file"] != file:
                    file = version["landed_file"]
                    try:
                        texts = _hashes_on(files, file)
                    except FileNotFoundError:
                        texts = {}
                        if run_id is not None or files.names(file.partition("/")[0]):
                            yield f"{shown}: {file} is missing"
                    except Fault as fault:
                        texts = {}
                        yield str(fault)
                if not texts:
                    self.without_page += 1
                elif version["landed_hash"] in texts.get(version["id"], ()):
                    self.on_pages += 1
                else:
                    yield f"{shown}: {file} does not have the image with the hash {version['landed_hash']}"

    def _hashed_columns(self) -> dict[str, str]:
        """The columns that content hashes are over, with their types."""
        known = {name for (name,) in self._rows("SELECT column_name FROM attributes WHERE source <> 'glanceback'")}
        described = [row[:2] for row in self._rows("DESCRIBE image_versions")]
        if "landed_hash" not in dict(described):
            return {}  # as it was before versions said where they stand
        return {name: kind for name, kind in described if name in known and name not in _NOT_HASHED}

    def _rows(self, query: str, *parameters: object) -> list[tuple[Any, ...]]:
        return self._connection.execute(query, list(parameters)).fetchall()


def content_hash(version: dict[str, Json], columns: dict[str, str], rejects: list[tuple[str, str, str]]) -> str:
    """The hash of a version's content, from its row: docs/internals.md has the text that is hashed."""
    pieces = [b"glanceback 2;"]
    for name in sorted(columns, key=str.encode):
        if version[name] is not None:
            pieces.append(b"%s=%s;" % (name.encode(), _counted(_text(version[name]))))
    for name, value in sorted((version["extra"] or {}).items(), key=lambda entry: _bytes(entry[0])):
        pieces.append(b"+%s=%s;" % (_counted(_bytes(name)), _counted(_bytes(value))))
    for misfit in sorted(tuple(map(_bytes, reject)) for reject in rejects):
        attribute, value, reason = map(_counted, misfit)
        pieces.append(b"!%s=%s~%s;" % (attribute, value, reason))
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


def _hashes_on(files: Files, file: str) -> dict[str, set[str]]:
    """The images on a page, or the one in an answer by id, with the hashes of their texts. Raises: Fault."""
    try:
        body = decompressed(files.read(file), file)
    except NotADirectoryError as exc:
        raise FileNotFoundError(file) from exc
    is_single = file.split("/")[-2] == "unlisted"
    images = [single_image(body, file)] if is_single else page_of_images(body, file).images
    found: dict[str, set[str]] = {}
    for image, text_hash in images:
        identity = usable_id(image)
        if identity is not None:
            found.setdefault(identity, set()).add(text_hash)
    return found


def _named(ids: set[str], sentence: str) -> Iterator[str]:
    """The sentence about these images, as long as there are any; it names a few."""
    if ids:
        named = ", ".join(sorted(ids)[:_MOST_NAMED])
        more = f" and {len(ids) - _MOST_NAMED} more" if len(ids) > _MOST_NAMED else ""
        yield sentence.replace("{}", f"image {named}{more}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
