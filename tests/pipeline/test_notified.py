"""What people were told of, from run to run."""

from pathlib import Path

import pytest

from pipeline.notified import FILE, RUN, Told, keep_told, read_told


def test_what_was_told_is_kept_until_it_is_over(tmp_path: Path) -> None:
    told = Told().after("changes", frozenset({"a", RUN}), frozenset())
    keep_told(tmp_path, told)
    assert read_told(tmp_path) == told
    over = read_told(tmp_path).after("full", frozenset(), frozenset({"a", RUN}))
    assert over.is_empty, "a full run shows what a changes run would"
    keep_told(tmp_path, over)
    assert list(tmp_path.iterdir()) == []


def test_changes_run_ends_no_problem_of_full_runs() -> None:
    told = Told({"full": frozenset({"a"}), "changes": frozenset({"a"})})
    assert told.after("changes", frozenset(), frozenset({"a"})).of("full") == {"a"}


def test_cloud_that_the_settings_do_not_name_any_more_is_not_waited_for() -> None:
    told = Told({"full": frozenset({"old", "a", RUN})})
    assert told.only(["a", "b"].__contains__).of("full") == {"a", RUN}


def test_file_that_cannot_be_read_is_as_none(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / FILE).write_text("[not ours")
    assert read_told(tmp_path).is_empty
    assert "cannot be read" in caplog.text
