"""PostgreSQL for the tests needs nothing of the system, and leaves it as it was."""

from pathlib import Path

import pytest

from tests.clouds.postgres import postgres_server


def test_server_starts_without_sbin_on_the_path_and_makes_no_user(monkeypatch: pytest.MonkeyPatch) -> None:
    users = Path("/etc/passwd").read_bytes()
    monkeypatch.setenv("PATH", "/nowhere")
    with postgres_server() as connection:
        folder = Path(connection.split()[0].removeprefix("host="))
        assert (folder / ".s.PGSQL.5432").exists()
    assert not folder.exists()
    assert Path("/etc/passwd").read_bytes() == users
