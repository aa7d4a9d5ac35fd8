"""Images that no listing showed, asked for one by one: gone for good, still there, or not to be asked for here?

A 404 says something only where single images are shown at all: an image that is listed, the control, must answer 200
before the first question and after the last. Where the cloud lists no image at all there is no control, and a 404 says
the same as the listings. Called before a load that would end images.
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
"""What `status` says of an image that an administrator, and a delayed deletion, may still show."""

_MOST_CONTROLS: Final = 3
"""A control may have been deleted just now; three at once hardly."""

_MOST_UNANSWERED: Final = 5
"""So many questions in a row without an answer, each tried for minutes: then the service does not answer at all."""


@dataclass(frozen=True, slots=True)
class Confirmation:
    """`gone`: the API says so. `there`: it shows the image.

    `unknown`: id -> why another run may learn more. `unaskable`: id -> why asking for it says nothing, now or later.
    """

    gone: frozenset[str]
    there: frozenset[str]
    unknown: dict[str, str]
    unaskable: dict[str, str]


Keep = Callable[[Answer, Json], None]
"""What to do with an image that is still there: called in the caller's thread, as the answers come."""


def confirm(connection: Connection, missing: Mapping[str, Sequence[str]], keep: Keep) -> Confirmation:
    """What `GET /v2/images/{id}` says of each, asked in parallel up to the cloud's `max_connections`.

    `missing` has for each id those of listed images that may be its controls; none only where nothing is listed.
    No more answers than are on the way are held at a time.
    Raises: what `keep` raises, and Stopped when the process is about to end.
    """
    return _Questions(connection, missing).asked(keep)


def why_unaskable(connection: Connection, listed: Sequence[str]) -> str | None:
    """Why images cannot be asked for one by one, in a sentence, or None where they can.

    `listed` are ids of images that a listing has just shown. Raises: CloudError where the cloud does not answer.
    """
    controls = tuple(identity for identity in listed if image_url(connection, identity))
    said = _control(connection, controls, PROCESS_STOP)
    if said.kind is _Kind.UNANSWERED:
        raise CloudError(said.why)
    return said.why if controls and said.kind is not _Kind.THERE else None


class _Kind(Enum):
    THERE = auto()
    GONE = auto()
    REFUSED = auto()
    """No right, or no such request: the same would be said of any image, or of this one for ever."""
    UNUSABLE = auto()
    """Status 200, but not with the image that was asked for."""
    UNANSWERED = auto()


@dataclass(frozen=True, slots=True)
class _Said:
    kind: _Kind
    why: str = ""
    status: int = 0
    answer: Answer | None = None
    image: Json = None


class _Questions:
    """All questions about one cloud's missing images; those that have the same controls share the answers of these."""

    def __init__(self, connection: Connection, missing: Mapping[str, Sequence[str]]) -> None:
        self._connection = connection
        self._stopped = StopSignal(PROCESS_STOP)
        self._controls = {identity: tuple(missing[identity]) for identity in sorted(missing)}
        self._gone: list[str] = []
        self._there: list[str] = []
        self._unknown: dict[str, str] = {}
        self._unaskable: dict[str, str] = {}

    def asked(self, keep: Keep) -> Confirmation:
        """What came of all of them."""
        for identity, said in self._answers(list(self._to_ask())):
            if said.kind is _Kind.THERE and said.answer is not None:
                keep(said.answer, said.image)
            self._take(identity, said)
        PROCESS_STOP.check(f"cloud {self._connection.settings.name}, missing images")
        self._believe_no_404_without_control()
        return Confirmation(frozenset(self._gone), frozenset(self._there), self._unknown, self._unaskable)

    def _to_ask(self) -> Iterator[str]:
        """The ids that are worth a question: single images of their kind are shown."""
        before = _controls(self._connection, self._controls.values(), self._stopped)
        for identity, controls in self._controls.items():
            said = before[controls]
            if said.kind is _Kind.THERE:
                yield identity
            else:
                self._without_control(identity, said)

    def _answers(self, ids: Iterable[str]) -> Iterator[tuple[str, _Said]]:
        unanswered = 0
        with ThreadPoolExecutor(self._connection.settings.max_connections) as workers:
            try:
                for identity, said in _in_turn(workers, self._ask, ids, self._connection.settings.max_connections * 2):
                    unanswered = unanswered + 1 if said.kind is _Kind.UNANSWERED else 0
                    if unanswered == _MOST_UNANSWERED:
                        self._stopped.set()
                    yield identity, said
            finally:
                self._stopped.set()

    def _ask(self, identity: str) -> _Said:
        return _ask(self._connection, identity, self._stopped)

    def _take(self, identity: str, said: _Said) -> None:
        if said.kind is _Kind.THERE:
            self._there.append(identity)
        elif said.kind is _Kind.GONE:
            self._gone.append(identity)
        elif said.kind is _Kind.REFUSED:
            self._unaskable[identity] = said.why
        else:
            self._unknown[identity] = said.why

    def _believe_no_404_without_control(self) -> None:
        """Ask for the controls again: those that were shown at first may not be any more."""
        gone, self._gone = self._gone, []
        again = _controls(self._connection, (self._controls[identity] for identity in gone), PROCESS_STOP)
        for identity in gone:
            said = again[self._controls[identity]]
            if said.kind is _Kind.THERE:
                self._gone.append(identity)
            else:
                self._without_control(identity, said)

    def _without_control(self, identity: str, said: _Said) -> None:
        if said.kind is _Kind.UNANSWERED:
            self._unknown[identity] = said.why
        else:
            self._unaskable[identity] = said.why


def _in_turn(
    workers: ThreadPoolExecutor, work: Callable[[str], _Said], ids: Iterable[str], most: int
) -> Iterator[tuple[str, _Said]]:
    """The ids with their answers, in order; so many at most are asked for or wait to be taken."""
    waiting: deque[tuple[str, Future[_Said]]] = deque()
    for identity in ids:
        waiting.append((identity, workers.submit(work, identity)))
        if len(waiting) == most:
            first, said = waiting.popleft()
            yield first, said.result()
    while waiting:
        first, said = waiting.popleft()
        yield first, said.result()


def _controls(
    connection: Connection, groups: Iterable[tuple[str, ...]], stopped: StopSignal
) -> dict[tuple[str, ...], _Said]:
    """What is said of each group of listed images. A cloud that does not answer is not asked for each."""
    found: dict[tuple[str, ...], _Said] = {}
    said = None
    for listed in dict.fromkeys(groups):
        if said is None or said.kind is not _Kind.UNANSWERED:
            said = _control(connection, listed, stopped)
        found[listed] = said
    return found


def _control(connection: Connection, listed: Sequence[str], stopped: StopSignal) -> _Said:
    """What is said of images that are listed: THERE if one is shown, else why single images are not."""
    where = f"cloud {connection.settings.name}"
    if not listed:
        return _Said(_Kind.THERE)
    said = _Said(_Kind.GONE)
    for identity in listed[:_MOST_CONTROLS]:
        said = _ask(connection, identity, stopped)
        if said.status in _NO_RIGHT:
            return _Said(
                _Kind.REFUSED,
                f"{where}: the account may list images, but not ask for a single one ({said.status}): "
                "it lacks the right ims:images:get, in OpenStack's policies get_image",
            )
        if said.kind in (_Kind.THERE, _Kind.UNANSWERED):
            return said
    if said.kind is _Kind.GONE:
        return _Said(_Kind.REFUSED, f"{where}: single images are not shown, not even one that is listed (404)")
    return said


def _ask(connection: Connection, identity: str, stopped: StopSignal) -> _Said:
    url = image_url(connection, identity)
    where = _where(connection, identity)
    if url is None:
        return _Said(_Kind.REFUSED, f"{where}: the id cannot stand in a URL")
    try:
        answer, image = ask(connection, url, {}, where, _image, stopped)
    except Refused as exc:
        if exc.status in _NOT_THERE:
            return _Said(_Kind.GONE)
        return _Said(_Kind.REFUSED, str(exc), exc.status)
    except CloudError as exc:
        return _Said(_Kind.UNANSWERED, str(exc))
    if usable_id(image) != identity:
        return _Said(_Kind.UNUSABLE, f"{where}: the answer is not this image")
    if image.get("status") in _GONE_STATUSES:
        return _Said(_Kind.GONE)
    return _Said(_Kind.THERE, answer=answer, image=image)


def _image(body: bytes, where: str) -> Json:
    """What the body holds; None where that is not JSON. Raises: TransientError where it breaks off."""
    try:
        return parse_json(body, where)
    except TransientError:
        raise
    except CloudError:
        return None


def _where(connection: Connection, identity: str) -> str:
    return f"cloud {connection.settings.name}, image {identity}"
