"""Logging in, and renewing a token in mid-run, at an identity service that fails, lies or says nothing."""

import gzip
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from core.errors import CloudError, GlancebackError, SettingsError, TransientError
from extract.account import CloudSettings
from extract.asking import ask_page
from extract.connection import Connection, connect
from tests.clouds.fake import PROJECT, FakeCloud, Reply
from tests.clouds.identity import PASSWORD, AskedIdentity, FakeIdentity, fake_identity
from tests.clouds.raw import raw_server, read_head

HASTY = CloudSettings(
    "envvars", tries=1, retry_seconds=20, read_timeout_seconds=0.5, connect_timeout_seconds=0.5, page_timeout_seconds=1
)
PATIENT = replace(HASTY, tries=None)
HTML = b"<html>log in</html>"


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch, identity: FakeIdentity) -> None:
    given = {"AUTH_URL": f"{identity.url}/v3", "USERNAME": "u", "PASSWORD": PASSWORD, "PROJECT_ID": PROJECT}
    for name, value in {**given, "USER_DOMAIN_ID": "default"}.items():
        monkeypatch.setenv(f"OS_{name}", value)


@pytest.fixture
def identity(cloud: FakeCloud) -> Iterator[FakeIdentity]:
    with fake_identity() as running:
        running.image_url = cloud.url
        yield running


def replies(*left: Reply, to: Callable[[AskedIdentity], bool]) -> Callable[[AskedIdentity], Reply | None]:
    rest = list(left)
    return lambda asked: rest.pop(0) if to(asked) and rest else None


def logins(*left: Reply) -> Callable[[AskedIdentity], Reply | None]:
    return replies(*left, to=lambda asked: asked.is_login)


def always(reply: Reply, *, login: bool = True) -> Callable[[AskedIdentity], Reply | None]:
    return lambda asked: reply if asked.is_login is login else None


def test_login_finds_the_endpoint_and_who_we_are(identity: FakeIdentity, cloud: FakeCloud) -> None:
    connection = connect(HASTY)
    assert (connection.endpoint, connection.project_id, connection.user_name) == (cloud.url, PROJECT, "user")
    ask_page(connection, {}, "c")
    assert (cloud.log[0].token, identity.logins) == ("token-1", 1)


PASSING = {
    "503": Reply(503, HTML),
    "429": Reply(429, headers={"Retry-After": "0"}),
    "408": Reply(408),
    "nothing said": Reply(cut_at=-1),
    "truncated": Reply(201, b'{"token": {"expires_at": "2099"', cut_at=10),
    "JSON that breaks off": Reply(201, b'{"token": {"expires_at": "2099"'),
    "empty": Reply(201),
    "broken gzip": Reply(201, b"no gzip", {"Content-Encoding": "gzip"}),
}


@pytest.mark.parametrize("case", PASSING)
@pytest.mark.parametrize("is_login", [True, False], ids=["login", "versions"])
def test_passing_failure_is_tried_again(
    identity: FakeIdentity, monkeypatch: pytest.MonkeyPatch, case: str, is_login: bool
) -> None:
    if not is_login:
        monkeypatch.setenv("OS_AUTH_URL", identity.url)  # whose versions must be asked for
    identity.faults.append(replies(PASSING[case], to=lambda asked: asked.is_login is is_login))
    assert connect(PATIENT).user_name == "user"


@pytest.mark.parametrize("case", PASSING)
def test_failure_that_stays_is_the_identity_services(identity: FakeIdentity, case: str) -> None:
    identity.faults.append(always(PASSING[case]))
    with pytest.raises(TransientError, match="cloud envvars: the identity service does not answer"):
        connect(HASTY)
    assert identity.logins == 1


def test_retry_after_of_the_identity_service_is_kept_to(identity: FakeIdentity) -> None:
    identity.faults.append(always(Reply(429, headers={"Retry-After": "3600"})))
    with pytest.raises(TransientError, match="429"):
        connect(PATIENT)
    assert identity.logins == 1


def bomb() -> bytes:
    return gzip.compress(b" " * 40_000_000)


FINAL: dict[str, tuple[Callable[[], Reply], str]] = {
    "HTML": (lambda: Reply(200, HTML), "not JSON"),
    "a list": (lambda: Reply(201, b"[]"), "cannot be used"),
    "no token": (lambda: Reply(201, b"{}"), "cannot be used"),
    "no header": (lambda: Reply(201, b'{"token": {}}'), "has no 'x-subject-token'"),
    "a token that is a text": (lambda: Reply(201, b'{"token": "x"}', {"X-Subject-Token": "t"}), "cannot be used"),
    "no expiry": (lambda: Reply(201, b'{"token": {}}', {"X-Subject-Token": "t"}), "cannot be used"),
    "a huge body": (lambda: Reply(201, b" " * 20_000_000), "larger than"),
    "a gzip bomb": (lambda: Reply(201, bomb(), {"Content-Encoding": "gzip"}), "larger than"),
    "another coding": (lambda: Reply(201, b"x", {"Content-Encoding": "br"}), "not asked for"),
    "a token beyond ASCII": (lambda: token("canary-t\xf6ken"), "the token"),
    "501": (lambda: Reply(501), "501"),
    "404": (lambda: Reply(404, HTML), "404"),
    "300": (lambda: Reply(300, b"{}"), "cannot be used"),
    "redirect without an address": (lambda: Reply(302), "identity service"),
    "redirect to no URL": (lambda: Reply(302, headers={"Location": "http://[x"}), "identity service"),
}


def token(text: str) -> Reply:
    return FakeIdentity("http://x").token(text)


@pytest.mark.parametrize("case", FINAL)
def test_answer_that_no_other_try_changes_is_a_sentence(identity: FakeIdentity, case: str) -> None:
    make, said = FINAL[case]
    identity.faults.append(always(make()))
    with pytest.raises(GlancebackError, match=said) as caught:
        connect(PATIENT)
    assert not isinstance(caught.value, TransientError)
    assert str(caught.value).startswith("cloud envvars: ")
    assert "canary" not in str(caught.value)
    assert identity.logins == 1


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("The request you have made requires authentication.", "Check user, password or application credential"),
        ("The password is expired and needs to be changed for user: 1.", "Change the password"),
        ("The account is locked for user: 1.", "have it unlocked"),
        ("Project 1 is disabled.", "ask an administrator to enable it"),
        ("Could not find project: x.", "Check the names"),
    ],
)
def test_refused_login_is_final_and_its_advice_follows_the_reason(
    identity: FakeIdentity, message: str, advice: str
) -> None:
    said = {"error": {"code": 401, "message": f"{message} {PASSWORD}"}}
    identity.faults.append(always(Reply(401, json.dumps(said).encode(), {"Content-Type": "application/json"})))
    with pytest.raises(CloudError, match=rf"refused the login \(401 {message[:10]}.*{advice}") as caught:
        connect(PATIENT)
    assert identity.logins == 1
    assert PASSWORD not in str(caught.value)


@pytest.mark.parametrize("reply", [Reply(404), Reply(200, HTML), Reply(200, b"[]"), Reply(503), Reply(300, b"x")])
def test_address_that_names_its_version_does_without_a_document_of_versions(
    identity: FakeIdentity, reply: Reply
) -> None:
    identity.faults.append(always(reply, login=False))
    assert connect(HASTY).user_name == "user"


@pytest.mark.parametrize("status", [301, 302, 303, 305, 307, 308])
@pytest.mark.parametrize("is_login", [True, False], ids=["login", "versions"])
def test_password_follows_no_redirect_to_another_origin(identity: FakeIdentity, status: int, is_login: bool) -> None:
    with fake_identity() as other:
        reply = Reply(status, headers={"Location": f"{other.url}/v3/auth/tokens?secret=1"})
        identity.faults.append(always(reply, login=is_login))
        with pytest.raises(CloudError, match=rf"redirects to {other.url}/v3/auth/tokens \({status}\).*auth_url"):
            connect(PATIENT)
        assert other.log == []


def test_redirect_to_the_same_origin_is_followed(identity: FakeIdentity) -> None:
    identity.faults.append(
        lambda asked: Reply(308, headers={"Location": "/v3/"}) if asked.path == "/v3" and not asked.is_login else None
    )
    assert connect(HASTY).user_name == "user"


def test_redirects_without_an_end_are_a_sentence(identity: FakeIdentity) -> None:
    identity.faults.append(always(Reply(307, headers={"Location": "/v3/auth/tokens"})))
    with pytest.raises(GlancebackError, match="cloud envvars: "):
        connect(HASTY)


@pytest.mark.parametrize("byte_now_and_then", [False, True], ids=["silent", "dripping"])
def test_identity_service_that_does_not_answer_is_given_up(
    monkeypatch: pytest.MonkeyPatch, byte_now_and_then: bool
) -> None:
    def handle(peer: socket.socket) -> None:
        read_head(peer)
        for byte in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1000:
            if byte_now_and_then:
                peer.sendall(bytes([byte]))
            time.sleep(0.02)

    with raw_server(handle) as port:
        monkeypatch.setenv("OS_AUTH_URL", f"http://127.0.0.1:{port}/v3")
        began = time.monotonic()
        with pytest.raises(TransientError, match=r"the identity service does not answer.*no answer in time"):
            connect(HASTY)
        assert time.monotonic() - began < 15, "less than the whole answer takes"


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v3", "http://no-such-host.invalid/v3", "http://127.0.0.1:9"])
def test_identity_service_that_cannot_be_reached_is_worth_another_try(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setenv("OS_AUTH_URL", url)
    with pytest.raises(TransientError, match=f"does not answer correctly: the connection to {url}.* failed"):
        connect(HASTY)


# Renewal, in mid-run.


def refuse_until(cloud: FakeCloud, good: str) -> None:
    cloud.token = good


def pages(connection: Connection, threads: int = 8) -> list[BaseException | None]:
    """What became of so many pages that were asked for side by side."""
    with ThreadPoolExecutor(threads) as pool:
        return [future.exception() for future in [pool.submit(ask_page, connection, {}, "c") for _ in range(threads)]]


def test_threads_that_are_refused_together_renew_the_token_once(identity: FakeIdentity, cloud: FakeCloud) -> None:
    connection = connect(HASTY)
    refuse_until(cloud, "token-2")
    assert pages(connection) == [None] * 8
    assert identity.logins == 2


def test_renewal_is_tried_again(identity: FakeIdentity, cloud: FakeCloud) -> None:
    connection = connect(PATIENT)
    refuse_until(cloud, "token-2")
    identity.faults.append(logins(Reply(503), Reply(cut_at=-1)))
    assert pages(connection) == [None] * 8
    assert identity.issued == 2


def test_failed_renewal_is_every_waiting_threads_failure(identity: FakeIdentity, cloud: FakeCloud) -> None:
    connection = connect(HASTY)
    refuse_until(cloud, "token-2")

    def slow(asked: AskedIdentity) -> Reply:
        time.sleep(0.3)
        return Reply(503)

    identity.faults.append(slow)
    assert all(isinstance(error, TransientError) for error in pages(connection))
    assert identity.logins < 5


def test_password_that_is_refused_in_mid_run_is_not_sent_again(identity: FakeIdentity, cloud: FakeCloud) -> None:
    connection = connect(PATIENT)
    refuse_until(cloud, "token-2")
    identity.faults.append(always(Reply(401)))
    for _ in range(2):
        assert all("refused the login (401" in str(error) for error in pages(connection))
    assert identity.logins == 2


def test_silent_identity_service_in_mid_run_is_given_up(identity: FakeIdentity, cloud: FakeCloud) -> None:
    connection = connect(HASTY)
    refuse_until(cloud, "token-2")

    def silent(asked: AskedIdentity) -> Reply:
        time.sleep(1)
        return Reply(cut_at=-1)

    identity.faults.append(silent)
    assert all("no answer in time" in str(error) for error in pages(connection))
    assert identity.logins < 5


@hypothesis.settings(max_examples=25, suppress_health_check=[hypothesis.HealthCheck.function_scoped_fixture])
@hypothesis.given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["token", "catalog", "expires_at", "user", "project", "roles", "endpoints", "versions", "id"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=8,
    ),
    st.booleans(),
)
def test_any_json_ends_in_a_connection_or_a_sentence(identity: FakeIdentity, said: Any, is_login: bool) -> None:
    identity.faults[:] = [always(Reply(200, json.dumps(said).encode(), {"X-Subject-Token": "t"}), login=is_login)]
    try:
        connect(HASTY)
    except (CloudError, SettingsError) as exc:
        assert str(exc).startswith("cloud envvars: ")  # noqa: PT017
