"""Images asked for by id, over real HTTP: what is gone, there, unknown, or not to be asked for at all."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import pytest

from core.errors import CloudError
from extract import confirmation
from extract.account import CloudSettings
from extract.confirmation import Confirmation, confirm, why_unaskable
from extract.connection import Connection, connect
from extract.stopping import StopSignal
from tests.clouds.fake import PROJECT, Asked, FakeCloud, Reply, fake_cloud

CONTROLS = ("control-1", "control-2", "control-3")


@pytest.fixture
def cloud() -> Iterator[FakeCloud]:
    with fake_cloud() as running:
        for identity in (*CONTROLS, "there", "also-there"):
            running.add(identity)
        yield running


@pytest.fixture
def connection(cloud: FakeCloud) -> Connection:
    return connect(CloudSettings("c", auth_type="none", endpoint=cloud.url, project_id=PROJECT, tries=1))


def ask(connection: Connection, *ids: str, controls: tuple[str, ...] = CONTROLS) -> tuple[Confirmation, list[Any]]:
    kept: list[Any] = []
    return confirm(connection, dict.fromkeys(ids, controls), lambda _, image: kept.append(image)), kept


def asked_ids(cloud: FakeCloud) -> list[str]:
    return [asked.path.removeprefix("/v2/images/") for asked in cloud.log]


def when(identity: str, reply: Reply) -> Any:
    return lambda asked: reply if asked.path == f"/v2/images/{identity}" else None


def test_image_that_answers_is_there_and_kept_and_one_of_404_is_gone(cloud: FakeCloud, connection: Connection) -> None:
    said, kept = ask(connection, "there", "lost")
    assert (set(said.there), set(said.gone), set(said.unknown), set(said.unaskable)) == (
        {"there"},
        {"lost"},
        set(),
        set(),
    )
    assert kept == [cloud.images["there"]]


def test_listed_image_is_asked_for_before_the_first_question_and_after_the_last(
    cloud: FakeCloud, connection: Connection
) -> None:
    ask(connection, "lost", "there", "lost-too")
    asked = asked_ids(cloud)
    assert (asked[0], asked[-1]) == ("control-1", "control-1")
    assert sorted(asked[1:-1]) == ["lost", "lost-too", "there"]


def test_nothing_missing_asks_nothing(cloud: FakeCloud, connection: Connection) -> None:
    ask(connection)
    assert cloud.log == []


def test_control_that_was_deleted_just_now_is_followed_by_another(cloud: FakeCloud, connection: Connection) -> None:
    del cloud.images["control-1"], cloud.images["control-2"]
    assert set(ask(connection, "lost")[0].gone) == {"lost"}


@pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 405, 410, 501])
def test_where_listed_images_are_not_shown_nothing_is_gone(
    cloud: FakeCloud, connection: Connection, status: int
) -> None:
    cloud.faults.append(lambda asked: Reply(status, b"no"))
    said, _ = ask(connection, "lost", "there")
    assert (set(said.gone), set(said.there), set(said.unknown)) == (set(), set(), set())
    assert said.unaskable.keys() == {"lost", "there"}
    assert not {"lost", "there"} & set(asked_ids(cloud)), "what says nothing is not asked"


@pytest.mark.parametrize("body", [b'{"images": []}', b"<html>", b'{"id": "another"}', b"[]", b"null"])
def test_where_listed_images_answer_something_else_nothing_is_gone(
    cloud: FakeCloud, connection: Connection, body: bytes
) -> None:
    cloud.faults.append(lambda asked: Reply(200, body) if "control" in asked.path else None)
    said, _ = ask(connection, "lost")
    assert (set(said.gone), set(said.unaskable)) == (set(), {"lost"})


def test_gateway_that_stops_showing_images_while_they_are_asked_for_is_not_believed(
    cloud: FakeCloud, connection: Connection
) -> None:
    cloud.faults.append(lambda asked: Reply(404) if len(cloud.log) > 1 else None)
    said, _ = ask(connection, "lost", "there")
    assert (set(said.gone), set(said.unaskable)) == (set(), {"lost", "there"})


def test_control_that_does_not_answer_at_the_end_leaves_what_was_404_unknown(
    cloud: FakeCloud, connection: Connection
) -> None:
    cloud.faults.append(lambda asked: Reply(503) if "control" in asked.path and len(cloud.log) > 1 else None)
    said, _ = ask(connection, "lost", "there")
    assert (set(said.gone), set(said.there), set(said.unknown)) == (set(), {"there"}, {"lost"})


def test_each_kind_of_image_has_a_control_of_its_own(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(404) if "public" in asked.path else None)
    missing = {"public-lost": ("public-1",), "lost": ("control-1",)}
    said = confirm(connection, missing, lambda *_: None)
    assert (set(said.gone), set(said.unaskable)) == ({"lost"}, {"public-lost"})


def test_where_nothing_at_all_is_listed_a_404_is_believed(cloud: FakeCloud, connection: Connection) -> None:
    said, kept = ask(connection, "lost", "there", controls=())
    assert (set(said.gone), set(said.there), len(kept)) == ({"lost"}, {"there"}, 1)


def test_where_only_images_with_odd_ids_are_listed_nothing_is_gone(cloud: FakeCloud, connection: Connection) -> None:
    said, _ = ask(connection, "lost", controls=("..", "."))
    assert (set(said.gone), set(said.unaskable), cloud.log) == (set(), {"lost"}, [])


@pytest.mark.parametrize(
    "body", [b'{"images": []}', b"<html>", b'{"id": "THERE"}', b'{"id": 5}', b'["there"]', b"null", b'"there"']
)
def test_answer_that_is_not_the_image_is_unknown_and_never_kept(
    cloud: FakeCloud, connection: Connection, body: bytes
) -> None:
    cloud.faults.append(when("there", Reply(200, body)))
    said, kept = ask(connection, "there", "lost")
    assert (set(said.unknown), set(said.gone), kept) == ({"there"}, {"lost"}, [])


@pytest.mark.parametrize("status", ["deleted", "pending_delete"])
def test_image_that_is_shown_as_deleted_is_gone(cloud: FakeCloud, connection: Connection, status: str) -> None:
    cloud.images["there"]["status"] = status
    said, kept = ask(connection, "there")
    assert (set(said.gone), kept) == ({"there"}, [])


@pytest.mark.parametrize("status", [403, 400])
def test_image_that_alone_is_refused_cannot_be_asked_for(cloud: FakeCloud, connection: Connection, status: int) -> None:
    cloud.faults.append(when("there", Reply(status)))
    said, _ = ask(connection, "there", "lost")
    assert (set(said.gone), set(said.unaskable), set(said.unknown)) == ({"lost"}, {"there"}, set())


def test_image_whose_question_fails_is_unknown(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(when("there", Reply(503)))
    said, _ = ask(connection, "there", "lost")
    assert (set(said.gone), set(said.unknown)) == ({"lost"}, {"there"})
    assert "cloud c, image there" in said.unknown["there"]


def test_service_that_answers_no_question_is_not_asked_all_of_them(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(503) if "control" not in asked.path else None)
    ids = [f"lost-{number:03}" for number in range(200)]
    said, _ = ask(connection, *ids)
    assert said.unknown.keys() == set(ids)
    assert len(cloud.log) < 60


ODD_IDS = (
    "...",
    "../images",
    "a/b",
    "a%2fb",
    "%2e%2e",
    "a b",
    "é",
    "a?b",
    "a#b",
    "a;b",
    "a\\b",
    "//",
    "a:b@c",
    "0aF-_.~9",
)


def test_ids_are_sent_so_that_nobody_takes_them_for_a_path(cloud: FakeCloud, connection: Connection) -> None:
    said, _ = ask(connection, *ODD_IDS)
    assert set(said.gone) == set(ODD_IDS)
    targets = {asked.target for asked in cloud.log}
    assert targets == {f"/v2/images/{quote(identity, safe='')}" for identity in (*ODD_IDS, "control-1")}


def test_ids_that_any_path_would_lose_are_never_asked_for(cloud: FakeCloud, connection: Connection) -> None:
    said, _ = ask(connection, "..", ".")
    assert said.unaskable.keys() == {"..", "."}
    assert {asked.target for asked in cloud.log} <= {"/v2/images/control-1"}


def test_answers_are_kept_as_they_come_and_not_piled_up(connection: Connection, cloud: FakeCloud) -> None:
    ids = [f"there-{number:03}" for number in range(100)]
    for identity in ids:
        cloud.add(identity)
    at_keeping = []
    confirm(connection, dict.fromkeys(ids, CONTROLS), lambda *_: at_keeping.append(len(cloud.log)))
    in_flight = connection.settings.max_connections * 2
    assert all(asked <= number + 2 + in_flight for number, asked in enumerate(at_keeping))


def test_error_of_whoever_keeps_the_images_ends_the_questions(cloud: FakeCloud, connection: Connection) -> None:
    ids = [f"there-{number:03}" for number in range(100)]
    for identity in ids:
        cloud.add(identity)

    def fail(*_: object) -> None:
        raise CloudError("the disk is full")

    with pytest.raises(CloudError, match="the disk is full"):
        confirm(connection, dict.fromkeys(ids, CONTROLS), fail)
    assert len(cloud.log) <= 1 + 3 * connection.settings.max_connections


@pytest.mark.parametrize(("status", "says"), [(403, "ims:images:get"), (401, "get_image"), (404, "not shown")])
def test_why_images_cannot_be_asked_for_one_by_one_is_said(
    cloud: FakeCloud, connection: Connection, status: int, says: str
) -> None:
    assert why_unaskable(connection, CONTROLS) is None
    cloud.faults.append(lambda asked: Reply(status))
    assert says in str(why_unaskable(connection, CONTROLS))
    assert why_unaskable(connection, ()) is None
    assert why_unaskable(connection, ("..",)) is None


def test_service_that_does_not_answer_says_nothing_about_rights(cloud: FakeCloud, connection: Connection) -> None:
    cloud.faults.append(lambda asked: Reply(503))
    with pytest.raises(CloudError, match="503"):
        why_unaskable(connection, CONTROLS)


def test_end_of_the_process_ends_the_questions(
    cloud: FakeCloud, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = StopSignal()
    monkeypatch.setattr(confirmation, "PROCESS_STOP", stop)

    def end(asked: Asked) -> Reply | None:
        if asked.path.endswith("lost"):
            stop.set()
        return Reply(503) if asked.path.endswith("lost") else None

    cloud.faults.append(end)
    patient = replace(connection, settings=replace(connection.settings, tries=None))
    with pytest.raises(CloudError, match="stopped"):
        ask(patient, "lost")


def test_answer_is_kept_with_its_image_and_what_is_not_there_is_not(cloud: FakeCloud, connection: Connection) -> None:
    kept: list[tuple[bytes, str]] = []
    confirm(
        connection,
        dict.fromkeys(("there", "lost"), CONTROLS),
        lambda answer, image: kept.append((answer.body, image["id"])),
    )
    assert [(json.loads(body)["id"], identity) for body, identity in kept] == [("there", "there")]


REASONS = {
    "no right": (Reply(403, b"no"), "unaskable", "cloud c, image x: the account may not do this (403: no)"),
    "another image": (
        Reply(200, b'{"id": "y"}'), "unknown", "cloud c, image x: the answer is not this image",
    ),
    "no JSON": (Reply(200, b"<html>"), "unknown", "cloud c, image x: the answer is not this image"),
    "no answer": (Reply(503, b"busy"), "unknown", "cloud c, image x: the image service is unavailable (503: busy)"),
    "cut off": (Reply(200, b'{"id": '), "unknown", "cloud c, image x: the answer's JSON is cut off"),
}  # fmt: skip


@pytest.mark.parametrize("case", REASONS)
def test_reason_is_said_of_the_image(cloud: FakeCloud, connection: Connection, case: str) -> None:
    reply, where, reason = REASONS[case]
    cloud.faults.append(when("x", reply))
    said, _ = ask(connection, "x")
    assert list(getattr(said, where)) == ["x"]
    assert getattr(said, where)["x"].startswith(reason)


@pytest.mark.parametrize("identity", [".", ".."])
def test_reason_is_said_of_an_id_that_no_url_can_have(connection: Connection, identity: str) -> None:
    said, _ = ask(connection, identity)
    assert said.unaskable == {identity: f"cloud c, image {identity}: a URL cannot contain the id"}


CONTROL_REASONS = {
    "no right": (
        Reply(403, b"no"), "unaskable",
        "cloud c: the account may list images, but not ask for a single one (403): "
        "it lacks the right ims:images:get, in OpenStack's policies get_image",
    ),
    "not shown": (Reply(404), "unaskable", "cloud c: single images are not shown, not even one that is listed (404)"),
    "something else": (Reply(200, b"{}"), "unaskable", "cloud c, image control-3: the answer is not this image"),
    "no answer": (Reply(503), "unknown", "cloud c, image control-1: the image service is unavailable (503). Try again"),
}  # fmt: skip


@pytest.mark.parametrize("case", CONTROL_REASONS)
@pytest.mark.parametrize("at_the_end", [False, True])
def test_reason_is_said_of_the_control(cloud: FakeCloud, connection: Connection, case: str, at_the_end: bool) -> None:
    reply, where, reason = CONTROL_REASONS[case]

    def control(asked: Asked) -> Reply | None:
        is_late = not at_the_end or any(one.path.endswith("/lost") for one in cloud.log)
        return reply if "control" in asked.path and is_late else None

    cloud.faults.append(control)
    said, _ = ask(connection, "lost")
    assert list(getattr(said, where)) == ["lost"]
    assert getattr(said, where)["lost"].startswith(reason)
    assert not said.gone


def test_questions_that_fail_now_and_then_do_not_end_the_others(
    cloud: FakeCloud, connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirmation, "_MOST_UNANSWERED", 2)
    ids = [f"{number}-{kind}" for number in range(6) for kind in ("fails", "lost")]
    cloud.faults.append(lambda asked: Reply(503) if asked.path.endswith("-fails") else None)
    said, _ = ask(connection, *ids)
    assert (len(said.unknown), len(said.gone)) == (6, 6)
