"""`log_format = "json"`: a run's whole stderr, and what is wrong with settings, for collectors of logs."""

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from cli.main import main
from core import json_log
from core.packages import PACKAGES
from tests.clouds.accounts import write_settings
from tests.clouds.fake import PROJECT, Reply, fake_cloud


@pytest.fixture(autouse=True)
def plain_afterwards() -> Iterator[None]:
    before = {name: (logging.getLogger(name).level, list(logging.getLogger(name).handlers)) for name in PACKAGES}
    yield
    json_log.end()
    for name, (level, handlers) in before.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).handlers[:] = handlers


@pytest.mark.slow
def test_run_writes_objects_to_stderr_and_its_report_to_stdout(tmp_path: Path) -> None:
    with fake_cloud() as cloud:
        cloud.add("a", "private", name="two\nlines\x1b[2J")
        cloud.faults.append(lambda asked: Reply(403, body=b"no\nroles") if "member_status" in asked.query else None)
        account = f'[clouds.c]\nauth_type = "none"\nendpoint = "{cloud.url}"\nproject_id = "{PROJECT}"'
        config = write_settings(tmp_path, account, 'log_format = "json"')
        done = CliRunner().invoke(main, ["sync", "--json", "--config", config])
    assert done.exit_code == 1, done.stderr
    assert json.loads(done.stdout)["status"] == "partial"
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert len(lines) > 5
    assert all(line.keys() >= {"time", "level", "logger", "message"} for line in lines)
    assert {line["logger"] for line in lines} >= {"extract.reading", "pipeline.run", "glanceback"}
    assert any(line["message"].startswith("cloud c: partial; 1 new") for line in lines)


@pytest.mark.parametrize(
    ("text", "said"),
    [('log_format = "json"\nwrong = 1', "unknown field"), ('log_format = "json"', "no published copy")],
)
def test_mistake_is_an_object_too(tmp_path: Path, text: str, said: str) -> None:
    config = tmp_path / "glanceback.toml"
    config.write_text(text)
    done = CliRunner().invoke(main, ["status", "--config", str(config)])
    assert done.exit_code == 2
    (line,) = (json.loads(line) for line in done.stderr.splitlines())
    assert (line["level"], said in line["message"]) == ("error", True)


@pytest.mark.parametrize("text", ['log_format = "text"', "", 'log_format = "xml"', "log_format = [", "\udcff"])
def test_text_is_the_default_whatever_the_file_says(tmp_path: Path, text: str) -> None:
    config = tmp_path / "glanceback.toml"
    config.write_text(text, errors="surrogateescape")
    done = CliRunner().invoke(main, ["status", "--config", str(config)])
    assert done.exit_code == 2
    assert done.stderr.startswith("glanceback: ")
