"""The command ``check``: what it tries, what it says, and which setting it names."""

from __future__ import annotations

import socket

import pytest

from bot.__main__ import main
from bot.app import self_check
from bot.app.composition import make_data_folder
from bot.errors import ConfigurationError, WorkerDiedError
from bot.settings import Settings

TOKEN = "MTIz.a-fake.token"


@pytest.fixture(autouse=True)
def _environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # no stray .env
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("STYLEBOT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("STYLEBOT_MIN_FREE_DISK_BYTES", "0")
    monkeypatch.setattr(self_check, "configure_logging", lambda _: None)


class Workers:
    """An executor whose workers start, or do not."""

    def __init__(self, error=None):
        self.error = error
        self.is_closed = False

    async def start(self):
        pass

    async def all_ready(self):
        if self.error:
            raise self.error
        return ("cpu",)

    async def close(self):
        self.is_closed = True


@pytest.fixture
def workers(monkeypatch):
    async def sandbox(_):
        return "complete"

    monkeypatch.setattr(self_check, "_check_sandbox", sandbox)
    made = Workers()
    monkeypatch.setattr(self_check, "create_executor", lambda _: made)
    return made


def run_check(capsys):
    """Run the command; return its status and its lines by subject."""
    status = main(["check"])
    lines = capsys.readouterr().out.splitlines()
    return status, {line[6:].partition(":")[0]: line for line in lines}


def test_everything_that_a_start_needs_is_tried(capsys, workers, monkeypatch, unused_tcp_port):
    monkeypatch.setenv("STYLEBOT_HEALTH_PORT", str(unused_tcp_port))
    status, lines = run_check(capsys)
    assert status == 0
    assert list(lines) == [
        "settings", "token", "data folder", "database", "pictures", "health port", "sandbox",
        "worker",
    ]  # fmt: skip
    assert all(line.startswith("ok    ") for line in lines.values())
    assert workers.is_closed
    assert "0 jobs, 0 of them unfinished" in lines["database"]
    assert "cpu, 384 px by default" in lines["worker"]
    assert TOKEN not in str(lines)


async def test_results_are_reported_as_soon_as_they_are_known(workers):
    reported = []

    async def all_ready():
        assert reported[-1] == "sandbox"
        return ("cpu",)

    workers.all_ready = all_ready
    settings = Settings()
    assert await self_check.check(settings, report=lambda each: reported.append(each.subject))
    assert reported[-1] == "worker"


def _in_use(monkeypatch, _tmp_path):
    taken = socket.create_server(("127.0.0.1", 0))
    monkeypatch.setenv("STYLEBOT_HEALTH_PORT", str(taken.getsockname()[1]))
    return taken


def _below_a_file(monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("STYLEBOT_DATA_DIR", str(tmp_path / "file" / "data"))


def _no_database(monkeypatch, _tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    monkeypatch.setenv("STYLEBOT_DATABASE_URL", f"postgresql://u:secret@127.0.0.1:{port}/x")


def _set(name, value):
    return lambda monkeypatch, _: monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("prepare", "subject", "says"),
    [
        (_set("STYLEBOT_PREFX", "?"), "settings", "did you mean STYLEBOT_PREFIX?"),
        (_set("DISCORD_TOKEN", ""), "token", "set DISCORD_TOKEN"),
        (_set("DISCORD_TOKEN", "abc"), "token", "DISCORD_TOKEN does not look like"),
        (_set("DISCORD_TOKEN", "a.b.\u00e9"), "token", "DISCORD_TOKEN"),
        (_below_a_file, "data folder", "STYLEBOT_DATA_DIR: the folder"),
        (_no_database, "database", "STYLEBOT_DATABASE_URL: the database cannot be reached"),
        (_set("STYLEBOT_DATABASE_URL", "mysql://x/y"), "database", "STYLEBOT_DATABASE_URL"),
        (_set("STYLEBOT_ARTEFACTS_URL", "ftp://x"), "pictures", "STYLEBOT_ARTEFACTS_URL"),
        (_set("STYLEBOT_ARTEFACTS_URL", "/proc/none"), "pictures", "/proc/none"),
        (_set("STYLEBOT_MIN_FREE_DISK_BYTES", "9999 TiB"), "pictures", "STYLEBOT_MIN_FREE_DISK"),
        (_in_use, "health port", "STYLEBOT_HEALTH_PORT"),
        (_set("STYLEBOT_HEALTH_PORT", ""), None, ""),
    ],
)
def test_what_fails_is_named_with_its_setting_and_the_rest_is_tried(
    capsys, workers, monkeypatch, tmp_path, prepare, subject, says
):
    used = prepare(monkeypatch, tmp_path)
    status, lines = run_check(capsys)
    if used is not None:
        used.close()
    assert len(lines) == 8
    if subject is None:
        assert status == 0
        return
    assert status == 1
    assert lines[subject].startswith("FAIL  ")
    assert says in lines[subject]
    assert "secret" not in str(lines)
    assert lines["worker"].startswith("ok")


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ConfigurationError("STYLEBOT_DEVICES: no device 'cuda:7'"), "STYLEBOT_DEVICES: no device"),
        (WorkerDiedError(-9), "STYLEBOT_DEVICES: a worker does not start"),
        (RuntimeError("two\nlines"), "unexpected RuntimeError: two lines"),
    ],
)
def test_workers_that_do_not_start_are_closed_and_reported(capsys, workers, error, says):
    workers.error = error
    status, lines = run_check(capsys)
    assert status == 1
    assert says in lines["worker"]
    assert workers.is_closed


def test_a_token_file_that_is_missing_is_reported_with_its_setting(capsys, workers, monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "")
    monkeypatch.setenv("STYLEBOT_DISCORD_TOKEN_FILE", "/nowhere")
    status, lines = run_check(capsys)
    assert status == 1
    assert "STYLEBOT_DISCORD_TOKEN_FILE cannot be read" in lines["token"]


def test_the_data_folder_is_closed_to_other_users(tmp_path):
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    make_data_folder(Settings(_env_file=None, data_dir=folder))
    assert folder.stat().st_mode & 0o777 == 0o700
