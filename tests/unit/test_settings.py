"""Settings: what is refused, where the token comes from, and that their page is true."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.settings import Settings, settings_page

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)  # no stray .env
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)


def test_documented_settings_are_the_ones_the_code_gives():
    documented = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")
    assert documented.strip() == settings_page(), "run: python -m bot settings > docs/settings.md"


def test_every_setting_says_what_it_means():
    assert all(field.description for field in Settings.model_fields.values())


def test_token_comes_from_the_environment(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", " secret \n")
    assert Settings().token() == "secret"


def test_token_comes_from_a_file(tmp_path):
    (tmp_path / "token").write_text("from-file\n", encoding="utf-8")
    assert Settings(discord_token_file=tmp_path / "token").token() == "from-file"


def test_no_token_is_none():
    assert Settings().token() is None


def test_token_does_not_show_when_settings_are_printed(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    settings = Settings()
    assert "very-secret" not in repr(settings)
    assert "very-secret" not in str(settings.model_dump())


def test_dotenv_file_is_read(tmp_path):
    (tmp_path / ".env").write_text("STYLEBOT_PREFIX=?\nDISCORD_TOKEN=abc\n", encoding="utf-8")
    assert Settings().prefix == "?"
    assert Settings().token() == "abc"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_upload_bytes", 0),
        ("prefix", ""),
        ("size", 8),
        ("log_level", "LOUD"),
        ("max_jobs_per_member", 0),
        ("stalled_after_seconds", 5),  # not twice the heartbeat
    ],
)
def test_settings_that_cannot_work_are_refused(field, value):
    with pytest.raises(ValidationError):
        Settings(**{field: value})


def test_defaults_are_kept_in_the_data_folder(tmp_path):
    settings = Settings(data_dir=tmp_path)
    assert settings.resolved_database_url == f"sqlite+aiosqlite:///{tmp_path}/stylebot.sqlite3"
    assert settings.resolved_artefacts_url == str(tmp_path / "artefacts")
