"""Everything on stderr is one JSON object per line, whoever writes it."""

import io
import json
import logging
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from core import json_log

SECRET = "s3cr3t-of-the-account"


class Written:
    """What was written to stderr, in a file that is there for the whole test."""

    def __init__(self) -> None:
        self.file = io.StringIO()

    def text(self) -> str:
        """What came since the last call."""
        found = self.file.getvalue()
        self.file.seek(0)
        self.file.truncate()
        return found

    def lines(self) -> list[dict[str, Any]]:
        found = self.text()
        assert found.isascii()
        return [json.loads(line) for line in found.splitlines()]


@contextmanager
def json_on_stderr() -> Iterator[Written]:
    """No fixture: pytest replaces sys.stderr between a fixture and its test."""
    written, before = Written(), sys.stderr
    sys.stderr = written.file
    try:
        json_log.begin()
        yield written
    finally:
        json_log.end()
        sys.stderr = before


@pytest.fixture(autouse=True)
def account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OS_PASSWORD", SECRET)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as exc:
        return exc


def test_record_is_an_object_whatever_its_text_has() -> None:
    with json_on_stderr() as written:
        text = 'two\nlines\r\x1b[31m"\\\u2028大'
        logging.getLogger("somebody.else").warning("image %s", text)
        (line,) = written.lines()
        assert (line["level"], line["logger"], line["message"]) == ("warning", "somebody.else", f"image {text}")
        assert line["time"].endswith("Z")
        assert list(line) == ["time", "level", "logger", "message"]


def test_text_that_is_not_unicode_is_json_all_the_same() -> None:
    with json_on_stderr() as written:
        json_log.say("error", "a file \udc80")
        assert [line["message"] for line in written.lines()] == ["a file \udc80"]


def test_lines_of_a_process_of_ours_are_passed_on() -> None:
    with json_on_stderr() as written:
        json_log.say("error", "it broke", logger="pipeline.run", exception="Traceback\nX")
        line = written.text()
        sys.stderr.write(line + '{"message": 1}\n[]\n{"time": "now", "level": "x", "logger": "y", "message": "z"}\n')
        passed, *others = written.text().splitlines(keepends=True)
        assert passed == line
        assert [json.loads(other)["message"][:1] for other in others] == ["{", "[", "{"]


def test_traceback_is_in_the_object() -> None:
    with json_on_stderr() as written:
        logging.getLogger("somebody").error("it broke", exc_info=raised(ValueError("first\nsecond")))
        (line,) = written.lines()
        assert line["message"] == "it broke"
        assert line["exception"].startswith("Traceback")
        assert line["exception"].endswith("ValueError: first\nsecond")


def test_what_others_print_is_an_object_per_line() -> None:
    with json_on_stderr() as written:
        sys.stderr.write("one\n\ntwo\n")
        sys.stderr.write("begun, ")
        assert [line["message"] for line in written.lines()] == ["one", "two"]
        sys.stderr.write("ended\nno end")
        json_log.end()
        assert [line["message"] for line in written.lines()] == ["begun, ended", "no end"]


def test_warning_is_an_object() -> None:
    with json_on_stderr() as written:
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            json_log.end()  # pytest had taken warnings before; begin takes them now
            json_log.begin()
            warnings.warn("old\nnews", stacklevel=1)
            json_log.end()
        (line,) = written.lines()
        assert (line["level"], line["logger"]) == ("warning", "py.warnings")
        assert "old\nnews" in line["message"]


def test_exception_that_nobody_caught_is_an_object() -> None:
    with json_on_stderr() as written:
        error = raised(ValueError("a\nb"))
        sys.excepthook(ValueError, error, error.__traceback__)
        threading.excepthook(threading.ExceptHookArgs([ValueError, error, error.__traceback__, None]))
        sys.excepthook(KeyboardInterrupt, KeyboardInterrupt(), None)
        uncaught, in_thread, interrupted = written.lines()
        assert uncaught["level"] == in_thread["level"] == "critical"
        assert uncaught["exception"].endswith("ValueError: a\nb")
        assert interrupted["message"] == "interrupted"
        assert "exception" not in interrupted


def test_secrets_of_the_environment_are_masked_in_every_text() -> None:
    with json_on_stderr() as written:
        logging.getLogger("httpx").warning("GET https://x/?password=%s", SECRET)
        logging.getLogger("prefect").error("no", exc_info=raised(ValueError(SECRET)))
        sys.stderr.write(f"user:{SECRET}@host\n")
        out = written.text()
        assert out.count("***") == 3
        assert SECRET not in out


def test_switch_that_is_named_like_a_secret_masks_no_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKENIZERS_PARALLELISM", "False")
    with json_on_stderr() as written:
        json_log.say("info", "it is false")
        assert written.lines()[0]["message"] == "it is false"


def test_text_that_cannot_be_decoded_is_not_shown() -> None:
    with json_on_stderr() as written:

        def decode() -> None:
            try:
                b"token-\xff-of-nobody".decode()
            except UnicodeDecodeError as exc:
                raise ValueError("not text") from exc

        try:
            decode()
        except ValueError as exc:
            logging.getLogger("x").error("no", exc_info=exc)
        (line,) = written.lines()
        assert "UnicodeDecodeError" in line["exception"]
        assert "of-nobody'" not in line["exception"]


def test_record_of_a_logger_with_a_handler_is_written_once() -> None:
    with json_on_stderr() as written:
        logging.getLogger("pipeline").addHandler(json_log.Handler())
        logging.getLogger("pipeline.run").warning("once")
        assert [line["message"] for line in written.lines()] == ["once"]


def test_nothing_is_left_of_it_afterwards() -> None:
    with json_on_stderr() as written:
        json_log.begin()  # again
        json_log.end()
        assert not json_log.is_on()
        sys.stderr.write("plain\n")
        json_log.say("info", "nobody hears it")
        assert written.text() == "plain\n"
        assert not [one for one in logging.getLogger().handlers if isinstance(one, json_log.Handler)]
