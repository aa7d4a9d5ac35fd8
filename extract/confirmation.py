"""Asks one by one for images that no listing showed: does the image still exist, and does the cloud answer that?

A 404 is meaningful only if the cloud shows single images at all: a listed image, the control, must answer 200 before
the first question and after the last. If the cloud lists no image, there is no control, and a 404 agrees with the
listings. Called before a load that would end images.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from core.errors import CloudError, Refused, TransientError
from extract.asking import ask, image_url
from extract.body import parse_json, usable_id
from extract.connection import Connection
from extract.images import Json
from extract.request import Answer
from extract.stopping import PROCESS_STOP, StopSignal

_NOT_THERE: Final = (404, 410)
_NO_RIGHT: Final = (401, 403)
_GONE_STATUSES: Final = ("deleted", "pending_delete")
"""The `status` of deleted images that are still shown to administrators, or after a delayed deletion."""

_MOST_CONTROLS: Final = 3
"""A control may have been deleted meanwhile; it is unlikely that three were."""

_MOST_UNANSWERED: Final = 5
"""After this many consecutive questions without an answer, each retried for minutes, no more are asked."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`gone`: the API says that the image does not exist. `there`: it shows the image.

    `unknown`: id -> why there was no usable answer; a later run may get one. `unaskable`: id -> why the cloud can never
    answer this.
    """

    gone: frozenset[str]
    there: frozenset[str]
    unknown: dict[str, str]
    unaskable: dict[str, str]


Keep = Callable[[Answer, Json], None]
"""Called with each image that still exists, in the caller's thread, as the answers arrive."""


def confirm(connection: Connection, missing: Mapping[str, Sequence[str]], keep: Keep) -> Confirmation:
    """Ask `GET /v2/images/{id}` for each image, up to the cloud's `max_connections` at once.

    `missing`: id -> ids of listed images that may be its controls; empty only if nothing is listed. Memory holds a
    bounded number of answers.
    Raises: what `keep` raises, and Stopped if the process is about to end.
    """
    return _Questions(connection, missing).asked(keep)


def why_unaskable(connection: Connection, listed: Sequence[str]) -> str | None:
    """Return why the cloud does not show single images, as a sentence, or None if it does.

    `listed`: ids of images that a listing has just shown. Raises: CloudError if the cloud does not answer.
    """
    controls = tuple(identity for identity in listed if image_url(connection, identity))
    reply = _control(connection, controls, PROCESS_STOP)
    if reply.kind is _Kind.UNANSWERED:
        raise CloudError(reply.why)
    return reply.why if controls and reply.kind is not _Kind.THERE else None


class _Kind(Enum):
    THERE = auto()
    GONE = auto()
    REFUSED = auto()
    """No permission, or no such request: the answer would be the same for every image, or always for this one."""
    UNUSABLE = auto()
    """Status 200, but not with the requested image."""
    UNANSWERED = auto()


@dataclass(frozen=True, slots=True)
class _Reply:
    kind: _Kind
    why: str = ""
    status: int = 0
    answer: Answer | None = None
    image: Json = None


class _Questions:
    """All questions about one cloud's missing images. Images with the same controls share the controls' answers."""

    def __init__(self, connection: Connection, missing: Mapping[str, Sequence[str]]) -> None:
        self._connection = connection
        self._stopped = StopSignal(PROCESS_STOP)
        self._controls = {identity: tuple(missing[identity]) for identity in sorted(missing)}
        self._gone: list[str] = []
        self._there: list[str] = []
        self._unknown: dict[str, str] = {}
        self._unaskable: dict[str, str] = {}

    def asked(self, keep: Keep) -> Confirmation:
        """Ask all questions and return the result."""
        for identity, reply in self._answers(list(self._to_ask())):
            if reply.kind is _Kind.THERE and reply.answer is not None:
                keep(reply.answer, reply.image)
            self._take(identity, reply)
        PROCESS_STOP.check(f"cloud {self._connection.settings.name}, missing images")
        self._believe_no_404_without_control()
        return Confirmation(frozenset(self._gone), frozenset(self._there), self._unknown, self._unaskable)

    def _to_ask(self) -> Iterator[str]:
        """Yield the ids whose control was shown."""
        before = _controls(self._connection, self._controls.values(), self._stopped)
        for identity, controls in self._controls.items():
            reply = before[controls]
            if reply.kind is _Kind.THERE:
                yield identity
            else:
                self._without_control(identity, reply)

    def _answers(self, ids: Iterable[str]) -> Iterator[tuple[str, _Reply]]:
        unanswered = 0
        with ThreadPoolExecutor(self._connection.settings.max_connections) as workers:
            try:
                for identity, reply in _in_turn(workers, self._ask, ids, self._connection.settings.max_connections * 2):
                    unanswered = unanswered + 1 if reply.kind is _Kind.UNANSWERED else 0
                    if unanswered == _MOST_UNANSWERED:
                        self._stopped.set()
                    yield identity, reply
            finally:
                self._stopped.set()

    def _ask(self, identity: str) -> _Reply:
        return _ask(self._connection, identity, self._stopped)

    def _take(self, identity: str, reply: _Reply) -> None:
        if reply.kind is _Kind.THERE:
            self._there.append(identity)
        elif reply.kind is _Kind.GONE:
            self._gone.append(identity)
        elif reply.kind is _Kind.REFUSED:
            self._unaskable[identity] = reply.why
        else:
            self._unknown[identity] = reply.why

    def _believe_no_404_without_control(self) -> None:
        """Ask for the controls again. If one is no longer shown, its 404s do not count."""
        gone, self._gone = self._gone, []
        again = _controls(self._connection, (self._controls[identity] for identity in gone), PROCESS_STOP)
        for identity in gone:
            reply = again[self._controls[identity]]
            if reply.kind is _Kind.THERE:
                self._gone.append(identity)
            else:
                self._without_control(identity, reply)

    def _without_control(self, identity: str, reply: _Reply) -> None:
        if reply.kind is _Kind.UNANSWERED:
            self._unknown[identity] = reply.why
        else:
            self._unaskable[identity] = reply.why


def _in_turn(
    workers: ThreadPoolExecutor, work: Callable[[str], _Reply], ids: Iterable[str], most: int
) -> Iterator[tuple[str, _Reply]]:
    """Yield the ids with their answers, in order. `most`: the limit of questions and unread answers."""
    waiting: deque[tuple[str, Future[_Reply]]] = deque()
    for identity in ids:
        waiting.append((identity, workers.submit(work, identity)))
        if len(waiting) == most:
            first, future = waiting.popleft()
            yield first, future.result()
    while waiting:
        first, future = waiting.popleft()
        yield first, future.result()


def _controls(
    connection: Connection, groups: Iterable[tuple[str, ...]], stopped: StopSignal
) -> dict[tuple[str, ...], _Reply]:
    """Return the answer for each group of controls. After a group without an answer no more are asked."""
    found: dict[tuple[str, ...], _Reply] = {}
    reply = None
    for listed in dict.fromkeys(groups):
        if reply is None or reply.kind is not _Kind.UNANSWERED:
            reply = _control(connection, listed, stopped)
        found[listed] = reply
    return found


def _control(connection: Connection, listed: Sequence[str], stopped: StopSignal) -> _Reply:
    """Return the answer for a group of controls: THERE if one is shown, else why single images are not shown."""
    where = f"cloud {connection.settings.name}"
    if not listed:
        return _Reply(_Kind.THERE)
    reply = _Reply(_Kind.GONE)
    for identity in listed[:_MOST_CONTROLS]:
        reply = _ask(connection, identity, stopped)
        if reply.status in _NO_RIGHT:
            return _Reply(
                _Kind.REFUSED,
                f"{where}: the account may list images, but not ask for a single one ({reply.status}): "
                "it lacks the right ims:images:get, in OpenStack's policies get_image",
            )
        if reply.kind in (_Kind.THERE, _Kind.UNANSWERED):
            return reply
    if reply.kind is _Kind.GONE:
        return _Reply(_Kind.REFUSED, f"{where}: single images are not shown, not even one that is listed (404)")
    return reply


def _ask(connection: Connection, identity: str, stopped: StopSignal) -> _Reply:
    url = image_url(connection, identity)
    where = _where(connection, identity)
    if url is None:
        return _Reply(_Kind.REFUSED, f"{where}: a URL cannot contain the id")
    try:
        answer, image = ask(connection, url, {}, where, _image, stopped)
    except Refused as exc:
        if exc.status in _NOT_THERE:
            return _Reply(_Kind.GONE)
        return _Reply(_Kind.REFUSED, str(exc), exc.status)
    except CloudError as exc:
        return _Reply(_Kind.UNANSWERED, str(exc))
    if usable_id(image) != identity:
        return _Reply(_Kind.UNUSABLE, f"{where}: the answer is not this image")
    if image.get("status") in _GONE_STATUSES:
        return _Reply(_Kind.GONE)
    return _Reply(_Kind.THERE, answer=answer, image=image)


def _image(body: bytes, where: str) -> Json:
    """Return the parsed body; None if it is not JSON. Raises: TransientError if it is cut off."""
    try:
        return parse_json(body, where)
    except TransientError:
        raise
    except CloudError:
        return None


def _where(connection: Connection, identity: str) -> str:
    return f"cloud {connection.settings.name}, image {identity}"
