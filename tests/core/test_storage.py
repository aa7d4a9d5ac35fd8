"""Files on a disk and objects in a store: whole or not at all, few requests, and errors that people understand."""

import errno
import http.server
import os
import pickle
import resource
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core import object_store, storage, store_client
from core.errors import SettingsError
from core.object_store import StorePath
from core.storage import Place, folder_at
from extract.background import BackgroundWrites
from tests.clouds.store import BUCKET, SECRET, Store, bucket, lead_to
from tests.clouds.store import object_store as running_store


@pytest.fixture(scope="module")
def running() -> Iterator[Store]:
    with running_store() as store:
        yield store


@pytest.fixture
def store(running: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    with bucket(running, monkeypatch):
        yield running


@pytest.fixture(params=["disk", "store"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "disk":
        return tmp_path
    request.getfixturevalue("store")
    return StorePath("s3", f"{BUCKET}/landing")


STORED = StorePath("s3", f"{BUCKET}/landing")


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Have the system refuse what comes after so many bytes of a file, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_file_is_read_as_it_was_written(folder: Place) -> None:
    storage.make(folder / "a")
    for content in (b"one", b"", b"x" * 6_000_000):
        storage.put(folder / "a" / "b c%2F.json.zst", content)
        assert storage.get(folder / "a" / "b c%2F.json.zst") == content
    assert storage.has(folder / "a" / "b c%2F.json.zst")
    assert not storage.has(folder / "a")
    assert not storage.has(folder / "a" / "c")
    storage.delete(folder / "a" / "b c%2F.json.zst")
    assert not storage.has(folder / "a" / "b c%2F.json.zst")
    with pytest.raises(FileNotFoundError):
        storage.get(folder / "a" / "b c%2F.json.zst")


def test_folders_are_listed_moved_and_removed(folder: Place) -> None:
    for name in ("run", "run/b", "run/a", "other"):
        storage.make(folder / name)
        storage.put(folder / name / "file", name.encode())
    assert [place.name for place in storage.subfolders(folder / "run")] == ["a", "b"]
    assert storage.subfolders(folder / "none") == []
    storage.move(folder / "run", folder / "other")
    assert not storage.exists(folder / "run")
    assert storage.get(folder / "other" / "file") == b"run"
    assert storage.get(folder / "other" / "a" / "file") == b"run/a"
    storage.remove(folder / "other")
    assert not storage.exists(folder / "other")
    storage.remove(folder / "other")


def test_lines_come_back_in_order(folder: Place) -> None:
    storage.make(folder)
    for number in (1, 2, 3):
        storage.add_line(folder / "lines", f"{number:06d}", f"line {number}".encode())
    assert [line.strip() for line in storage.lines_of(folder / "lines")] == [b"line 1", b"line 2", b"line 3"]
    with pytest.raises(FileNotFoundError):
        list(storage.lines_of(folder / "none"))


def test_last_line_without_its_end_is_none(tmp_path: Path) -> None:
    (tmp_path / "lines").write_bytes(b"whole\ncut o")
    assert list(storage.lines_of(tmp_path / "lines")) == [b"whole\n"]


def test_adopted_file_is_in_both_places(folder: Place) -> None:
    storage.make(folder)
    storage.put(folder / "one", b"1")
    storage.put(folder / "two", b"2")
    storage.adopt(folder / "one", folder / "two")
    storage.adopt(folder / "one", folder / "two")
    assert (storage.get(folder / "one"), storage.get(folder / "two")) == (b"1", b"1")
    if isinstance(folder, Path):
        assert sorted(file.name for file in folder.iterdir()) == ["one", "two"]
        assert (folder / "one").samefile(folder / "two")


def test_adopted_file_goes_from_store_to_disk_and_back(store: Store, tmp_path: Path) -> None:
    storage.put(STORED / "one", b"1")
    storage.adopt(STORED / "one", tmp_path / "one")
    storage.adopt(tmp_path / "one", STORED / "two")
    assert storage.get(STORED / "two") == b"1"


@pytest.mark.parametrize("before", [None, b"as it was"])
def test_disk_that_is_full_leaves_no_half_file(tmp_path: Path, before: bytes | None) -> None:
    file = tmp_path / "page"
    if before:
        file.write_bytes(before)
    with files_no_larger_than(1000), pytest.raises(OSError, match="page") as caught:
        storage.put(file, b"x" * 5000)
    assert caught.value.filename == str(file)
    assert [entry.name for entry in tmp_path.iterdir()] == (["page"] if before else [])
    assert not before or file.read_bytes() == before


def test_copy_that_breaks_off_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def without_links(*_: object) -> None:
        raise OSError(errno.EXDEV, "another disk")

    monkeypatch.setattr(os, "link", without_links)
    (tmp_path / "one").write_bytes(b"x" * 5000)
    with files_no_larger_than(1000), pytest.raises(OSError, match="two"):
        storage.adopt(tmp_path / "one", tmp_path / "two")
    assert [entry.name for entry in tmp_path.iterdir()] == ["one"]
    storage.adopt(tmp_path / "one", tmp_path / "two")
    assert (tmp_path / "two").read_bytes() == b"x" * 5000


def test_line_that_finds_no_room_is_an_error_and_counts_for_nothing(tmp_path: Path) -> None:
    file = tmp_path / "lines"
    storage.add_line(file, "000001", b"x" * 900)
    with files_no_larger_than(1000), pytest.raises(OSError, match="lines"):
        storage.add_line(file, "000002", b"y" * 900)
    assert list(storage.lines_of(file)) == [b"x" * 900 + b"\n"]


def test_writer_that_is_killed_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(file: Path, content: bytes) -> int:
        with file.open("wb") as opened:
            opened.write(content[:1])
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "write_bytes", killed)
    with pytest.raises(KeyboardInterrupt):
        storage.put(tmp_path / "page", b"content")
    assert list(tmp_path.iterdir()) == []


def test_store_is_asked_no_more_than_it_takes(store: Store) -> None:
    def requests(*expected: str) -> None:
        assert [line.partition("?")[0] for line in store.log] == list(expected), store.log
        store.log.clear()

    key = f"/{BUCKET}/landing/a/one"
    storage.put(STORED / "a" / "one", b"1" * 3_000_000)
    requests(f"PUT {key}")
    storage.get(STORED / "a" / "one")
    requests(f"HEAD {key}", f"GET {key}")
    storage.adopt(STORED / "a" / "one", STORED / "a" / "two")
    requests(f"PUT /{BUCKET}/landing/a/two")
    assert storage.has(STORED / "a" / "one")
    requests(f"HEAD {key}")
    assert storage.exists(STORED / "a")
    assert not storage.exists(STORED / "b")
    assert storage.subfolders(STORED) == [STORED / "a"]
    assert storage.files_of(STORED / "a") == {"one", "two"}
    requests(*[f"GET /{BUCKET}"] * 4)


def test_folder_is_moved_within_the_store_and_side_by_side(store: Store) -> None:
    for number in range(8):
        storage.put(STORED / "a" / str(number), b"1")
    store.log.clear()
    together = threading.Barrier(8)

    def wait_for_others(method: str, path: str) -> None:
        if method == "PUT" and path.startswith(f"/{BUCKET}/landing/b/"):
            together.wait(120)

    store.before = wait_for_others
    storage.move(STORED / "a", STORED / "b")
    assert not store.asked("GET", "/landing/a/")
    assert not store.asked("HEAD", "/landing/a/")
    assert [place.name for place in object_store.entries(STORED / "b")[0]] == [str(number) for number in range(8)]


def test_folder_is_removed_where_the_store_cannot_delete_many_at_once(store: Store) -> None:
    for number in range(3):
        storage.put(STORED / "a" / "b" / str(number), b"1")
    store.fault = lambda method, path: b"MissingContentMD5" if method == "POST" else None
    storage.remove(STORED / "a")
    assert object_store.entries(STORED, recursive=True)[0] == []


def test_missing_bucket_is_named(store: Store) -> None:
    with pytest.raises(OSError, match="there is no bucket 'no-such-bucket'") as caught:
        storage.put(folder_at("s3://no-such-bucket/landing", Path()) / "a", b"1")
    assert caught.value.filename == "s3://no-such-bucket/landing/a"


ECHO = (
    "<Error><Code>{code}</Code><Message>You sent Authorization: AWS4-HMAC-SHA256 {secret}, X-Amz-Security-Token: "
    "{secret}</Message><StringToSign>{secret}</StringToSign></Error>"
)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "AWS_ACCESS_KEY_ID"),
        ("SignatureDoesNotMatch", "AWS_SECRET_ACCESS_KEY"),
        ("InvalidAccessKeyId", "AWS_ACCESS_KEY_ID"),
        ("ExpiredToken", "has expired"),
        ("VirtualHostDomainRequired", "addressing_style"),
        (f"Odd{SECRET}", "refuses"),
        ("PermanentRedirect", "AWS_REGION"),
    ],
)
@pytest.mark.parametrize("operation", ["put", "get", "list"])
def test_refusal_is_said_without_what_the_store_echoes(
    running: Store, monkeypatch: pytest.MonkeyPatch, code: str, said: str, operation: str
) -> None:
    lead_to(running.url, monkeypatch)
    monkeypatch.setattr(running, "fault", lambda method, path: ECHO.format(code=code, secret=SECRET).encode())
    call: Any = {
        "put": lambda: storage.put(STORED / "a", b"1"),
        "get": lambda: storage.get(STORED / "a"),
        "list": lambda: storage.subfolders(STORED),
    }[operation]
    with pytest.raises(OSError, match=f"s3://{BUCKET}/landing") as caught:
        call()
    assert SECRET not in repr(caught.value)
    assert caught.value.__suppress_context__, "a traceback would show what the store said"
    # An answer to HEAD has no body, and so no code.
    expected = said if operation in ("put", "list") else "refuses our access"
    assert expected in str(caught.value)


@pytest.mark.parametrize("operation", ["put", "get"])
def test_store_that_is_not_there_is_said_soon(operation: str, monkeypatch: pytest.MonkeyPatch) -> None:
    lead_to("http://127.0.0.1:9", monkeypatch)
    started = time.monotonic()
    with pytest.raises(OSError, match=r"the connection to the store failed \(Could not connect to server\)"):
        storage.put(STORED / "a", b"1") if operation == "put" else storage.get(STORED / "a")
    assert time.monotonic() - started < 40


def test_store_that_never_answers_hangs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_client, "SILENCE_SECONDS", 1.0)
    monkeypatch.setattr(store_client, "TRIES", 1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        lead_to(f"http://127.0.0.1:{silent.getsockname()[1]}", monkeypatch)
        started = time.monotonic()
        with pytest.raises(OSError, match="the connection to the store failed"):
            storage.get(STORED / "a")
        assert time.monotonic() - started < 25


class Listener(http.server.BaseHTTPRequestHandler):
    """Answers nothing that is of use, and keeps what was asked."""

    asked: list[tuple[str, str]]

    def do_PUT(self) -> None:
        assert "Transfer-Encoding" not in self.headers, "many stores know no aws-chunked"
        self.asked.append((self.headers["Host"], self.path))
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(403)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listener() -> Iterator[tuple[str, list[tuple[str, str]]]]:
    asked: list[tuple[str, str]] = []
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (Listener,), {"asked": asked}))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"127.0.0.1:{server.server_port}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_endpoint_region_and_addressing_of_a_profile_are_used(
    listener: tuple[str, list[tuple[str, str]]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = listener
    port = address.rpartition(":")[2]
    lead_to("", monkeypatch)
    config = tmp_path / "config"
    config.write_text(
        f"[profile obs]\nregion = north-1\nendpoint_url = http://localhost:{port}\ns3 =\n  addressing_style = virtual\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "obs")
    with pytest.raises(OSError, match="refuses our access"):
        storage.put(STORED / "a", b"1")
    assert asked == [(f"{BUCKET}.localhost:{port}", "/landing/a")]


def test_proxy_of_the_environment_is_used_unless_the_host_needs_none(
    listener: tuple[str, list[tuple[str, str]]], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    address, asked = listener
    monkeypatch.setenv("HTTP_PROXY", f"http://{address}")
    monkeypatch.setenv("NO_PROXY", "127.0.0.0/8")
    storage.put(STORED / "a", b"1")
    assert asked == []
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.example")
    with pytest.raises(OSError, match="refuses our access"):
        storage.put(STORED / "a", b"1")
    assert asked == [("store.example", f"http://store.example/{BUCKET}/landing/a")]


@pytest.mark.parametrize("url", ["ftp://host/folder", "s3://", "s3:///folder", "memory://x", "s3://bucket/a?region=x"])
def test_url_that_cannot_be_opened_is_said_with_what_can(url: str) -> None:
    with pytest.raises(SettingsError, match="s3://bucket/folder"):
        folder_at(url, Path())


def test_credentials_in_a_url_are_refused_and_not_shown() -> None:
    with pytest.raises(SettingsError, match="AWS_SECRET_ACCESS_KEY") as caught:
        folder_at(f"s3://key:{SECRET}/more@bucket/folder", Path())
    assert SECRET not in str(caught.value)


def test_place_is_a_folder_of_the_base_or_of_a_url() -> None:
    assert folder_at("a/b", Path("/base")) == Path("/base/a/b")
    assert folder_at("file:///tmp/a%20b", Path("/base")) == Path("/tmp/a b")
    place = folder_at("s3://bucket/a//b/", Path("/base"))
    assert str(place) == "s3://bucket/a/b"
    assert str(place / "c") == "s3://bucket/a/b/c"
    assert (place.name, str(place.parent), str(place.with_name("d"))) == ("b", "s3://bucket/a", "s3://bucket/a/d")
    assert pickle.loads(pickle.dumps(place)) == place


def test_copying_needs_no_more_than_the_disk_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links cost nothing: no byte is copied where both places are on one disk."""
    monkeypatch.setattr(shutil, "copyfile", lambda *_: pytest.fail("copied"))
    (tmp_path / "one").write_bytes(b"1")
    storage.adopt(tmp_path / "one", tmp_path / "two")


def test_write_in_the_background_that_failed_without_the_systems_words_says_why() -> None:
    def fail() -> None:
        raise OSError("the store answered 503")

    writes = BackgroundWrites(1)
    writes.add(fail)
    with pytest.raises(OSError, match="the store answered 503"):
        writes.flush()
    with pytest.raises(OSError, match="the store answered 503") as caught:
        writes.check()
    assert storage.reason(caught.value) == "the store answered 503"
