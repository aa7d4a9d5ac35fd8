"""An object store that speaks S3 on loopback (moto's), which tells what was asked, can be slow, and can fail."""

import logging
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

BUCKET = "landing-of-tests"
SECRET = "s3cr3t-of-the-store"
Fault = Callable[[str, str], bytes | None]


@dataclass
class Store:
    """`log` has `METHOD /bucket/key` of each request; a `fault` that returns bytes answers 403 with them.

    `before` is called ahead of each request, with its method and key, and may wait.
    """

    url: str = ""
    log: list[str] = field(default_factory=list)
    write_seconds: float = 0.0
    before: Callable[[str, str], None] | None = None
    fault: Fault | None = None

    def asked(self, method: str, part: str = "") -> list[str]:
        return [line for line in self.log if line.startswith(f"{method} ") and part in line]


@contextmanager
def object_store() -> Iterator[Store]:
    """A store that runs; nobody is led to it yet."""
    store = Store()
    moto: Any = DomainDispatcherApplication(create_backend_app)

    def answer(environment: dict[str, Any], start: Callable[..., Any]) -> Any:
        method, path = environment["REQUEST_METHOD"], environment["PATH_INFO"]
        query = environment.get("QUERY_STRING", "")
        store.log.append(f"{method} {path}{'?' if query else ''}{query}")
        if store.before is not None:
            store.before(method, path)
        if method == "PUT":
            time.sleep(store.write_seconds)
        refusal = store.fault(method, path) if store.fault else None
        if refusal is not None:
            environment["wsgi.input"].read(int(environment.get("CONTENT_LENGTH") or 0))
            start("403 Forbidden", [("Content-Length", str(len(refusal)))])
            return [refusal]
        return moto(environment, start)

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, answer, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def bucket(store: Store, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A bucket that this process's environment leads to; the URL of a folder in it."""
    lead_to(store.url, monkeypatch)
    store.write_seconds, store.before, store.fault = 0.0, None, None
    _ask("PUT", f"{store.url}/{BUCKET}")
    store.log.clear()
    try:
        yield f"s3://{BUCKET}/landing"
    finally:
        store.before = store.fault = None
        _ask("POST", f"{store.url}/moto-api/reset")


def _ask(method: str, url: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    direct.open(urllib.request.Request(url, method=method), timeout=20).close()


def lead_to(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/dev/null",
    }.items():
        monkeypatch.setenv(name, value)
