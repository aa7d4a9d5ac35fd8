"""What serve shows of its runs."""

import io
import logging

from flows.console import LinesOnly


def test_traceback_is_left_to_the_ui_and_the_line_is_said() -> None:
    said = io.StringIO()
    handler = LinesOnly(stream=said)
    kept: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            kept.append(record)

    logger = logging.Logger("test")
    logger.addHandler(handler)
    logger.addHandler(Keeping())
    try:
        raise ValueError("the cloud is gone")
    except ValueError as exc:
        logger.exception("it failed: %s", exc)
    assert said.getvalue().splitlines() == ["it failed: the cloud is gone"]
    assert kept[0].exc_info, "the UI gets it whole"
