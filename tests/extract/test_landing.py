"""Landing: every page and every line, whoever writes beside; on a disk and in an object store alike."""

import errno
import itertools
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
import zstandard

from core import storage
from core.errors import CloudError
from core.storage import Place, folder_at
from extract import landing as landing_module
from extract.landed import head_of
from extract.landing import (
    CLOSING,
    HEAD,
    MANIFEST,
    OWNER,
    START,
    Earlier,
    Landing,
    ReadingStart,
    earlier_reading,
    landed_lines,
    landed_pages,
)
from extract.parts import WHOLE, Part
from extract.request import Answer
from tests.clouds.store import Store, bucket, object_store

NOW = datetime(2026, 11, 1, 2, 0, 0)
BEGUN = ReadingStart(NOW, None)


@pytest.fixture(scope="module")
def running() -> Iterator[Store]:
    with object_store() as store:
        yield store


@pytest.fixture
def store(running: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with bucket(running, monkeypatch):
        yield running


@pytest.fixture
def in_store(store: Store) -> Place:
    return folder_at("s3://landing-of-tests/landing/run/c/private", Path())


@pytest.fixture(params=["disk", "store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        return tmp_path / "run" / "c" / "private"
    place: Place = request.getfixturevalue("in_store")
    return place


def answer(body: bytes) -> Answer:
    return Answer("http://cloud/v2/images", 200, body, NOW, NOW)


def query(marker: str) -> dict[str, str]:
    return {"limit": "1000", "marker": marker}


def land(landing: Landing, text: str, name: str = "listing") -> int:
    """Keep and record a page whose body and marker are this text."""
    page = landing.keep(answer(text.encode()))
    landing.record(page, name, WHOLE, answer(text.encode()), query(text), [text], 1)
    return page


def bodies(folder: Place) -> list[bytes]:
    return [body for _, body in landed_pages(folder)]


@contextmanager
def thread_switches(seconds: float) -> Iterator[None]:
    before = sys.getswitchinterval()
    sys.setswitchinterval(seconds)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def test_page_comes_back_as_received_with_what_was_asked(folder: Place) -> None:
    landing = Landing(folder)
    page = landing.keep(answer(b'{"images": []}'))
    landing.record(page, "part-1", Part("a", "z"), answer(b'{"images": []}'), query("a"), ["b", "c"], 3)
    single = landing.keep(answer(b"{}"))
    landing.record(single, "image", WHOLE, answer(b"{}"), {}, ["x"], 1, path="/v2/images/x")
    landing.must_be_ours()
    landing.finish()
    landing.close()
    (first, body), (second, _) = landed_pages(folder)
    assert body == b'{"images": []}'
    assert (first.page, first.file, first.part, first.path) == (1, "page-000001.json.zst", "part-1", "/v2/images")
    assert (first.query, first.status, first.received_at, first.served_at) == (query("a"), 200, NOW, NOW)
    assert (first.bytes, first.count, first.first_id, first.last_id) == (14, 3, "b", "c")
    assert (first.after, first.until) == ("a", "z")
    assert second.path == "/v2/images/x"


def test_flipped_bit_is_found(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "private")
    land(landing, "a" * 40 + "bcd" * 20)
    (file,) = (tmp_path / "private").glob("page-*")
    whole = file.read_bytes()
    for position, bit in itertools.product(range(len(whole)), range(8)):
        file.write_bytes(whole[:position] + bytes([whole[position] ^ 1 << bit]) + whole[position + 1 :])
        with pytest.raises(ValueError, match=r"page-000001\.json\.zst is not what was written"):
            bodies(tmp_path / "private")


@pytest.mark.parametrize("content", [b'{"images": [1]}', b'{"images": [2]}\n', b""])
def test_page_that_is_not_what_was_received_is_refused_by_name(folder: Place, content: bytes) -> None:
    landing = Landing(folder)
    landing.begin(ReadingStart(NOW, None))
    land(landing, '{"images": [2]}')
    landing.finish()
    (line,) = landed_lines(folder)
    assert len(list(landed_pages(folder))) == 1
    storage.put(folder / line.file, zstandard.compress(content))
    with pytest.raises(ValueError, match=f"{line.file} is not what was written"):
        list(landed_pages(folder))
    assert Earlier(folder).take(line.query) is None, "nor gone on from: it is asked for again"


def test_what_is_landed_is_on_the_disk_before_anybody_counts_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[Path] = set()

    def fsync(opened: int) -> None:
        synced.add(Path(f"/proc/self/fd/{opened}").readlink())

    monkeypatch.setattr(os, "fsync", fsync)
    landing = Landing(tmp_path / "c" / "private")
    for text in "abc":
        land(landing, text)
    landing.begin(ReadingStart(NOW, None))
    landing.finish()
    files = [file for file in (tmp_path / "c" / "private").iterdir() if file.is_file()]
    assert len(files) == 7
    assert synced >= {*files, tmp_path / "c" / "private", tmp_path / "c"}


@pytest.mark.parametrize(("number", "is_error"), [(errno.EINVAL, False), (errno.ENOTSUP, False), (errno.EIO, True)])
def test_file_system_that_cannot_sync_is_no_error_and_a_broken_disk_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, is_error: bool
) -> None:
    def fsync(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    landing = Landing(tmp_path / "c" / "private")
    land(landing, "a")
    with pytest.raises(OSError, match="private") if is_error else nullcontext():
        landing.finish()


def flips(whole: bytes) -> Iterator[bytes]:
    for position, bit in itertools.product(range(len(whole)), range(8)):
        yield whole[:position] + bytes([whole[position] ^ 1 << bit]) + whole[position + 1 :]


@pytest.mark.slow
@pytest.mark.parametrize("name", [MANIFEST, OWNER, START])
def test_flipped_bit_of_what_says_which_pages_count_is_found(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "private"
    landing = Landing(folder)
    landing.begin(BEGUN)
    for text in "abc":
        land(landing, text)
    landing.finish()
    head, file = head_of(folder), folder / name
    assert head is not None
    assert len(list(landed_lines(folder, head))) == 3
    for flipped in flips(file.read_bytes()):
        file.write_bytes(flipped)
        with pytest.raises(ValueError, match=f"{MANIFEST}.* line |{START} is not|its hash differs"):
            list(landed_lines(folder, head))


@pytest.mark.parametrize(
    ("lines", "match"),
    [
        ([0, 1], "ends after line 2, but the"),
        ([0, 2], "line 2, does not follow"),
        ([1, 2], "line 1, does not follow"),
        ([0, 2, 1], "line 2, does not follow"),
        ([0, 1, 1, 2], "line 3, does not follow"),
        ([], "ends after line 0"),
    ],
)
def test_line_that_is_gone_moved_or_doubled_is_found(folder: Place, lines: list[int], match: str) -> None:
    landing = Landing(folder)
    landing.begin(BEGUN)
    for text in "abc":
        land(landing, text)
    landing.finish()
    landing.close()
    head, whole = head_of(folder), [bytes(line).rstrip() for line in storage.lines_of(folder / MANIFEST)]
    storage.remove(folder / MANIFEST)
    if storage.is_local(folder):
        (folder / MANIFEST).unlink()
        (folder / MANIFEST).touch()
    elif not lines:
        return  # a store has no empty folders
    for number, line in enumerate(lines):
        storage.add_line(folder / MANIFEST, f"{number:06d}", whole[line])
    with pytest.raises(ValueError, match=match):
        list(landed_lines(folder, head))


def test_broken_reading_has_a_head_too(folder: Place) -> None:
    landing = Landing(folder)
    landing.begin(BEGUN)
    land(landing, "a")
    landing.close()
    head = head_of(folder)
    assert head is not None
    assert (head.lines, len(list(landed_lines(folder, head)))) == (1, 1)
    storage.put(folder / HEAD, storage.get(folder / HEAD).replace(b'"lines":1', b'"lines":2'))
    with pytest.raises(ValueError, match="hash differs"):
        head_of(folder)


def test_landing_of_old_is_read(tmp_path: Path) -> None:
    """No `reader` in its lines, no checksums, and parts with fields that are no more."""
    (tmp_path / OWNER).write_bytes(b"0123456789abcdef")
    (tmp_path / START).write_text(
        '{"started_at":"2026-11-01T02:00:00","changed_since":null,"parts":[{"after":null,"until":"b","expected":7,'
        '"before":"a"}]}'
    )
    line = {
        "page": 1, "file": "page-000001.json.zst", "part": "listing", "path": "/v2/images", "query": query("a"),
        "status": 200, "received_at": "2026-11-01T02:00:00", "served_at": None, "bytes": 3, "count": 1,
        "first_id": "a", "last_id": "a", "after": None, "until": "b",
    }  # fmt: skip
    (tmp_path / MANIFEST).write_text(json.dumps(line) + "\n")
    (tmp_path / "page-000001.json.zst").write_bytes(zstandard.compress(b"one", 3))
    assert bodies(tmp_path) == [b"one"]
    earlier = Earlier(tmp_path)
    assert earlier.start.parts[0].until == "b"
    taken = earlier.take(query("a"))
    assert taken is not None
    assert taken[1] == b"one"


def test_landing_of_old_in_a_store_is_read(store: Store, in_store: Place) -> None:
    line = (
        '{"page":2,"file":"page-000002.json.zst","part":"listing","path":"/v2/images","query":{},"status":200,'
        '"received_at":"2026-11-01T02:00:00","served_at":null,"bytes":3,"count":1,"first_id":"a","last_id":"a"}'
    )
    storage.put(in_store / MANIFEST / "000002", line.encode())
    storage.put(in_store / "page-000002.json.zst", zstandard.compress(b"two", 3))
    assert bodies(in_store) == [b"two"]


def test_no_page_and_no_line_is_lost_or_numbered_twice_by_threads(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "private")
    with thread_switches(1e-6), ThreadPoolExecutor(8) as pool:
        numbers = list(pool.map(lambda number: land(landing, f"page {number}"), range(400)))
    landing.must_be_ours()
    assert sorted(numbers) == list(range(1, 401))
    pages = {page.page: (page.query["marker"], body.decode()) for page, body in landed_pages(tmp_path / "private")}
    assert pages == {page: (f"page {number}", f"page {number}") for number, page in enumerate(numbers)}


def test_readers_land_side_by_side_in_a_store_and_wait_for_one_write_a_page(store: Store, in_store: Place) -> None:
    """Eight pages are written at once, or none: whoever held a lock meanwhile would keep the others out."""
    together = threading.Barrier(8)
    lines_may_be_written = threading.Event()

    def wait(method: str, path: str) -> None:
        if method == "PUT" and "/page-" in path:
            together.wait(120)
        elif method == "PUT" and f"/{MANIFEST}/" in path:
            assert lines_may_be_written.wait(120)

    landing = Landing(in_store)
    landing.begin(BEGUN)
    store.log.clear()
    store.before = wait
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: land(landing, f"page {number}"), range(24)))
    assert len(store.asked("PUT", "/page-")) == 24
    assert len(store.asked("GET")) + len(store.asked("HEAD")) <= 4, "who owns the listing is asked now and then only"
    lines_may_be_written.set()
    landing.must_be_ours()
    assert len(store.asked("PUT", f"/{MANIFEST}/")) == 24
    landing.close()
    store.before = None
    assert sorted(bodies(in_store)) == sorted(f"page {number}".encode() for number in range(24))


@pytest.mark.parametrize("end", ["next", "must_be_ours", "finish"])
def test_line_that_could_not_be_written_is_an_error_at_the_next_call_or_at_the_end(
    store: Store, in_store: Place, end: str
) -> None:
    landing = Landing(in_store)
    store.fault = lambda method, path: b"" if f"/{MANIFEST}/" in path else None
    land(landing, "a")

    def go_on() -> None:
        for _ in range(100):
            land(landing, "b")

    with pytest.raises(OSError, match=r"refuses our access.*manifest.jsonl/0000"):
        {"next": go_on, "must_be_ours": landing.must_be_ours, "finish": landing.finish}[end]()
    landing.close()


def test_reading_that_fails_has_its_lines_written_all_the_same(store: Store, in_store: Place) -> None:
    landing = Landing(in_store)
    landing.begin(BEGUN)
    store.write_seconds = 0.2
    for text in "abc":
        land(landing, text)
    landing.close()
    assert bodies(in_store) == [b"a", b"b", b"c"]


def test_closed_landing_writes_no_more(folder: Place) -> None:
    landing = Landing(folder)
    page = landing.keep(answer(b"a"))
    landing.record(page, "listing", WHOLE, answer(b"a"), query("a"), ["a"], 1)
    (line,) = [*landed_lines(folder)] if storage.is_local(folder) else [None]
    landing.close()
    calls: list[Callable[[], Any]] = [
        lambda: landing.keep(answer(b"b")),
        lambda: landing.record(9, "listing", WHOLE, answer(b"b"), query("b"), ["b"], 1),
        lambda: landing.begin(BEGUN),
        landing.must_be_ours,
    ]
    if line is not None:
        calls.append(lambda: landing.adopt(line, folder / line.file))
    for call in calls:
        with pytest.raises(CloudError, match="has ended"):
            call()
    assert bodies(folder) == [b"a"]


def test_reader_that_was_overtaken_is_told_at_once_on_a_disk(tmp_path: Path) -> None:
    late = Landing(tmp_path / "private")
    late.begin(BEGUN)
    land(late, "a")
    (line,) = landed_lines(tmp_path / "private")
    Landing(tmp_path / "private")
    calls: list[Callable[[], Any]] = [
        lambda: late.keep(answer(b"b")),
        lambda: late.record(2, "listing", WHOLE, answer(b"b"), query("b"), ["b"], 1),
        lambda: late.adopt(line, tmp_path / ".private.earlier" / line.file),
        lambda: late.begin(BEGUN),
        late.must_be_ours,
    ]
    for call in calls:
        with pytest.raises(CloudError, match="another try"):
            call()
    assert sorted(file.name for file in (tmp_path / "private").iterdir()) == [OWNER]


def test_reader_that_was_overtaken_in_a_store_is_told_soon_and_at_the_end(
    in_store: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = Landing(in_store)
    Landing(in_store)
    land(late, "a")
    with pytest.raises(CloudError, match="another try"):
        late.must_be_ours()
    with pytest.raises(CloudError, match="another try"):
        late.keep(answer(b"b"))
    monkeypatch.setattr(landing_module, "OWNER_CHECK_SECONDS", 0.0)
    late = Landing(in_store)
    Landing(in_store)
    with pytest.raises(CloudError, match="another try"):
        late.keep(answer(b"b"))


@pytest.mark.parametrize("order", ["late first", "late last", "in turns"])
@pytest.mark.parametrize("tries_before", [0, 1])
def test_reader_that_does_not_yet_know_that_it_was_overtaken_does_no_harm(
    folder: Place, order: str, tries_before: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between looking and writing another try may begin. Nothing that the late one writes is the other's."""
    for _ in range(tries_before):
        Landing(folder)
    late = Landing(folder)
    late.begin(BEGUN)
    for text in ("late 1", "late 2"):
        land(late, text)
    if not storage.is_local(folder):
        late._lines.flush()  # type: ignore[union-attr]
    ours = Landing(folder)
    ours.begin(BEGUN)
    monkeypatch.setattr(late, "_may_write", lambda **_: None)
    writes = [(late, f"late {number}") for number in (3, 4, 5)], [(ours, f"ours {number}") for number in range(5)]
    sequence = {
        "late first": writes[0] + writes[1],
        "late last": writes[1] + writes[0],
        "in turns": [write for pair in zip(*writes, strict=False) for write in pair] + writes[1][3:],
    }[order]
    earlier = ours.earlier_try()
    assert earlier is not None
    for marker in ("late 1", "late 2"):
        taken = earlier.take(query(marker))
        assert taken is not None
        ours.adopt(taken[0], taken[2])
    for landing, text in sequence:
        land(landing, text)
    late.close()
    ours.must_be_ours()
    ours.finish()
    ours.close()
    expected = [b"late 1", b"late 2", *(f"ours {number}".encode() for number in range(5))]
    assert bodies(folder) == expected
    assert [page.query["marker"].encode() for page in landed_lines(folder)] == expected


def test_second_try_goes_on_with_what_the_first_landed(folder: Place) -> None:
    first = Landing(folder)
    assert first.earlier_try() is None
    first.begin(BEGUN)
    for text in "abc":
        land(first, text)
    land(first, "closing", CLOSING)
    first.close()
    second = Landing(folder)
    earlier = second.earlier_try()
    assert earlier is not None
    assert (len(earlier), replace(earlier.start, reader=None)) == (3, BEGUN)
    assert earlier.take(query("closing")) is None
    taken = earlier.take(query("b"))
    assert taken is not None
    second.adopt(taken[0], taken[2])
    land(second, "d")
    second.must_be_ours()
    second.finish()
    second.close()
    assert bodies(folder) == [b"b", b"d"]
    assert earlier_reading(folder.with_name(f".{folder.name}.earlier")) is None


def test_adopted_page_does_not_come_to_this_machine(store: Store, in_store: Place) -> None:
    landed = Landing(in_store)
    landed.begin(BEGUN)
    land(landed, "a")
    landed.close()
    again = Landing(in_store)
    earlier = again.earlier_try()
    assert earlier is not None
    taken = earlier.take(query("a"))
    assert taken is not None
    store.log.clear()
    again.adopt(taken[0], taken[2])
    assert [line.partition(" ")[0] for line in store.log if "/page-" in line] == ["PUT"]
    again.close()


def test_page_of_an_earlier_reading_is_given_once(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    landing.begin(BEGUN)
    for _ in range(50):
        land(landing, "same")
    landing.close()
    earlier = Earlier(tmp_path)
    with thread_switches(1e-6), ThreadPoolExecutor(8) as pool:
        taken = list(pool.map(lambda _: earlier.take(query("same")), range(400)))
    numbers = [one[0].page for one in taken if one is not None]
    assert sorted(numbers) == list(range(1, 51))
    assert len(earlier) == 0


def test_damage_costs_the_damaged_pages_only(tmp_path: Path) -> None:
    folder = tmp_path / "private"
    landing = Landing(folder)
    landing.begin(BEGUN)
    for text in ("a", "a", "b", "c"):
        land(landing, text)
    landing.close()
    (folder / "page-000001.json.zst").write_bytes(zstandard.compress(b"another's"))
    manifest = folder / MANIFEST
    lines = manifest.read_bytes().splitlines(keepends=True)
    manifest.write_bytes(b"".join([*lines[:2], b"half a line" + lines[2], lines[3], lines[3][:-1]]))
    earlier = earlier_reading(folder)
    assert earlier is not None
    taken = earlier.take(query("a"))
    assert taken is not None
    assert (taken[0].page, taken[1]) == (2, b"a")
    assert earlier.take(query("b")) is None
    assert earlier.take(query("c")) is not None
    assert earlier.take(query("c")) is None, "the last line has no end"
    with pytest.raises(ValueError, match=r"manifest\.jsonl, line 3: it is not what was written"):
        list(landed_lines(folder))


def test_page_of_a_single_image_answers_no_listing(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    landing.begin(BEGUN)
    page = landing.keep(answer(b"{}"))
    landing.record(page, "image", WHOLE, answer(b"{}"), query("a"), ["x"], 1, path="/v2/images/x")
    assert earlier_reading(tmp_path) is None


def test_page_that_finds_no_room_is_an_error_and_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    landing = Landing(tmp_path / "private")

    def no_room(file: Path, content: bytes) -> int:
        with file.open("wb") as opened:
            opened.write(content[:3])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(OSError, match=r"No space left on device.*page-000001.json.zst"):
        landing.keep(answer(b"a"))
    assert [file.name for file in (tmp_path / "private").iterdir()] == [OWNER]


def test_removed_folder_is_not_taken_for_ours(tmp_path: Path) -> None:
    landing = Landing(tmp_path / "private")
    storage.remove(tmp_path / "private")
    with pytest.raises(CloudError, match="removed"):
        landing.keep(answer(b"a"))


def test_landed_line_of_another_reader_does_not_count(tmp_path: Path) -> None:
    landing = Landing(tmp_path)
    land(landing, "a")
    (line,) = landed_lines(tmp_path)
    assert line.reader == (tmp_path / OWNER).read_text()
    (tmp_path / OWNER).write_text("another's")
    assert list(landed_lines(tmp_path)) == []
    (tmp_path / OWNER).unlink()
    assert list(landed_lines(tmp_path)) == [line]
    assert replace(line, reader=None) != line


def test_page_answers_whatever_number_of_images_is_requested(tmp_path: Path) -> None:
    """A reading that resumes another may expect another number of images in a part."""
    landing = Landing(tmp_path)
    landing.begin(BEGUN)
    page = landing.keep(answer(b"{}"))
    landing.record(page, "listing", WHOLE, answer(b"{}"), {"marker": "a", "limit": "50"}, ["b"], 1)
    landing.close()
    earlier = Earlier(tmp_path)
    assert earlier.take({"limit": "1000"}) is None
    assert earlier.take({"limit": "1000", "marker": "a"}) is not None
