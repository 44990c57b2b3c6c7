"""Settings: their written forms, what is refused, where the token comes from, their page."""

from __future__ import annotations

import os
import re
from collections import defaultdict
from itertools import zip_longest
from pathlib import Path
from typing import Literal, get_args, get_origin

import pytest
from pydantic import ValidationError

from bot import settings_check
from bot.settings import Settings, variable_of
from bot.settings_page import settings_page

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
        ("prefix", "far too long"),
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


FIELDS = Settings.model_fields
PAGE = settings_page()
MIB = 1 << 20


def by_type():
    """Every documented form of every setting: its name, the text, and the value it stands for."""
    for name, field in FIELDS.items():
        kind, words = field.annotation, name.split("_")
        default = field.get_default(call_default_factory=True, validated_data={})
        yield name, "", default
        yield name, "   ", " " * 3 if name == "prefix" else default
        yield name, '""', default
        if "bytes" in words:
            yield from ((name, text, 512 * MIB) for text in ("512 MiB", "512mib", "536870912"))
            yield from ((name, text, 25_000_000) for text in ("25 MB", "25mb", "25_000_000"))
            yield name, "1.5 GiB", 1536 * MIB
        elif words[-1] == "seconds":
            long = {"stalled_after_seconds": 7200}.get(name, 90)
            text = {7200: "120 min", 90: "90 s"}[long]
            if name != "heartbeat_seconds":
                yield from ((name, each, long) for each in (str(long), text, f"'{text}'"))
                yield name, "2 h", 7200
                yield name, "1d", 86_400
            else:
                yield name, "500 ms", 0.5
        elif words[-1] == "days":
            yield from ((name, text, 7) for text in ("7", "7 d", "168 h", "7 days", '"7"'))
        elif kind is bool:
            yield from ((name, text, True) for text in ("true", "YES", "on", "1", '"True"'))
            yield from ((name, text, False) for text in ("false", "No", "off", "0", "'0'"))
        elif get_origin(kind) is Literal:
            for word in get_args(kind):
                assert f"`{word}`" in field.description
                yield from ((name, text, word) for text in (word, word.lower(), f'"{word}"'))
        elif get_origin(kind) is frozenset:
            one, two = ("12", "345") if get_args(kind) == (int,) else ("a.example", "b.example")
            pair = frozenset(map(get_args(kind)[0], (one, two)))
            texts = (f"{one},{two}", f" {one} , {two}, ", f'"{one}, {two}"')
            yield from ((name, text, pair) for text in texts)
        elif Path in {kind, *get_args(kind)} and name != "weights":
            yield name, "~/folder/name", Path.home() / "folder/name"
            yield name, '"/a folder/name"', Path("/a folder/name")


OTHERS = [
    ("discord_url", "http://127.0.0.1:8080/", "http://127.0.0.1:8080"),
    ("prefix", '"sb "', "sb "),
    ("prefix", "sb ", "sb "),
    ("artefacts_url", "~/pictures", str(Path.home() / "pictures")),
    ("artefacts_url", "s3://bucket/prefix", "s3://bucket/prefix"),
    ("database_url", "sqlite:///~/bot.sqlite3", f"sqlite:///{Path.home()}/bot.sqlite3"),
    ("database_url", "postgresql://u:p@host/name", "postgresql://u:p@host/name"),
    ("devices", "cpu", "cpu"),
    ("devices", "AUTO", "auto"),
    ("devices", "cuda:0, cuda:1", "cuda:0,cuda:1"),
    ("recipe", "Fine", "fine"),
    ("health_port", "8080", 8080),
    ("size", '"512"', 512),
    ("max_pixels", "64000000", 64_000_000),
]


def rounds():
    """The forms in rounds of one per setting, since reading all settings takes its time."""
    forms = defaultdict(list)
    for name, text, value in (*by_type(), *OTHERS):
        forms[name].append((name, text, value))
    return [[each for each in one if each] for one in zip_longest(*forms.values())]


@pytest.mark.parametrize("forms", rounds(), ids=range(len(rounds())))
def test_every_documented_form_of_every_setting_is_read(monkeypatch, tmp_path, forms):
    for name, text, _ in forms:
        monkeypatch.setenv(variable_of(name), text)
    from_environment = Settings()
    lines = [f"{variable_of(name)}={text} # a remark\n" for name, text, _ in forms]
    (tmp_path / ".env").write_text("".join(lines), encoding="utf-8")
    for name, _, _ in forms:
        monkeypatch.delenv(variable_of(name))
    from_file = Settings()
    for name, text, value in forms:
        assert _plain(getattr(from_environment, name)) == value, (name, text)
        if name != "prefix" or not text.endswith(" "):  # a file holds those spaces in quotes
            assert _plain(getattr(from_file, name)) == value, (name, text)


def _plain(value):
    """A token is kept as it was given; spaces around it are removed where it is used."""
    return value.get_secret_value() if hasattr(value, "get_secret_value") else value


def test_every_default_on_the_page_may_be_written():
    defaults = re.findall(r"^\| `STYLEBOT_(\w+)` \| `(.+?)` \|", PAGE, re.MULTILINE)
    assert len(defaults) > 30
    for name, text in defaults:
        read = Settings(_env_file=None, **{name.lower(): text})
        assert getattr(read, name.lower()) == FIELDS[name.lower()].default, name


@pytest.mark.parametrize("example", ["512 MiB", "25 MB", "1.5 GiB"])
def test_examples_of_sizes_on_the_page_are_read(example):
    assert f"`{example}`" in PAGE
    assert Settings(max_upload_bytes=example).max_upload_bytes > MIB


@pytest.mark.parametrize(
    ("example", "seconds"),
    [("500 ms", 0.5), ("90 s", 90), ("10 min", 600), ("2 h", 7200), ("30 d", 30 * 86_400)],
)
def test_examples_of_times_on_the_page_are_read(example, seconds):
    assert f"`{example}`" in PAGE
    assert Settings(ageing_seconds=example).ageing_seconds == seconds


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("STYLEBOT_RECIPE", "fein", "did you mean `fine`?"),
        ("STYLEBOT_RECIPE", "impressionist", "none of default, fast, fine"),
        ("STYLEBOT_DEVICES", "gpu", "`gpu` is not a device"),
        ("STYLEBOT_DEVICES", "auto,cpu", "`auto` is not a device"),
        ("STYLEBOT_DEVICES", ",", "is not a device"),
        ("STYLEBOT_PICTURE_HOSTS", "https://cdn.discordapp.com", "without https://"),
        ("STYLEBOT_PICTURE_HOSTS", "cdn.discordapp.com media.discordapp.net", "separated"),
        ("STYLEBOT_PICTURE_HOSTS", "a.example:8443", "without https://, port"),
        ("STYLEBOT_HEALTH_HOSTS", "bot/", "`bot/` is not the name of a host"),
        ("STYLEBOT_WEIGHTS", "/nowhere/vgg.mat", "there is no file /nowhere/vgg.mat"),
        ("STYLEBOT_DISCORD_URL", "127.0.0.1:8080", "is not an address"),
        ("STYLEBOT_MAX_UPLOAD_BYTES", "25 megs", "is not a size"),
        ("STYLEBOT_MAX_UPLOAD_BYTES", "9999999 TiB", "too large"),
        ("STYLEBOT_PICKER_SECONDS", "soon", "is not a time"),
        ("STYLEBOT_RETENTION_DAYS", "inf", "is not a time"),
        ("STYLEBOT_RETENTION_DAYS", "1e9", "is not a time"),
        ("STYLEBOT_RETENTION_DAYS", "999999", "too long"),
        ("STYLEBOT_MAX_ASPECT_RATIO", "inf", "finite"),
        ("STYLEBOT_LOG_LEVEL", "LOUD", "none of DEBUG, INFO, WARNING, ERROR"),
        ("STYLEBOT_LOG_FORMAT", "jason", "did you mean `json`?"),
        ("STYLEBOT_EXECUTOR", "ray", "none of process"),
        ("STYLEBOT_SYNC_COMMANDS", "maybe", "it is `maybe`"),
        ("STYLEBOT_FAVOURED_ROLES", "123,Patrons", "valid integer"),
        ("STYLEBOT_HEALTH_PORT", "http", "valid integer"),
        ("STYLEBOT_DATA_DIR", "~nobody-by-this-name/x", "unknown user"),
        ("STYLEBOT_SIZE", "4000", "STYLEBOT_SIZE must not be above STYLEBOT_LARGEST_SIZE"),
        ("STYLEBOT_HEARTBEAT_SECONDS", "20", "STYLEBOT_STALLED_AFTER_SECONDS must be more"),
    ],
)
def test_a_wrong_value_is_reported_with_its_own_variable(monkeypatch, variable, value, says):
    monkeypatch.setenv(variable, value)
    with pytest.raises(ValidationError) as raised:
        Settings()
    (line,) = settings_check.describe_invalid(raised.value)
    assert variable in line
    assert says in line
    assert "Value error" not in line


def test_a_wrong_token_is_not_repeated(monkeypatch):
    monkeypatch.setenv("DISCORD_TOKEN", "very-secret")
    monkeypatch.setenv("STYLEBOT_SIZE", "x")
    with pytest.raises(ValidationError) as raised:
        Settings()
    assert "very-secret" not in "".join(settings_check.describe_invalid(raised.value))


@pytest.mark.parametrize(
    ("variable", "says"),
    [
        ("STYLEBOT_PREFX", "STYLEBOT_PREFX is not a setting; did you mean STYLEBOT_PREFIX?"),
        ("STYLEBOT_DEVICE", "did you mean STYLEBOT_DEVICES?"),
        ("STYLEBOT_RETENTION", "did you mean STYLEBOT_RETENTION_DAYS?"),
        ("STYLBOT_RECIPE", "did you mean STYLEBOT_RECIPE?"),
        ("stylebot_max_job", "STYLEBOT_MAX_JOB is not a setting; did you mean STYLEBOT_MAX_JOBS?"),
        ("STYLEBOT_ZZZZ", "STYLEBOT_ZZZZ is not a setting"),
    ],
)
@pytest.mark.parametrize("place", ["environment", "file"])
def test_a_misspelt_variable_is_named_with_the_likely_one(
    monkeypatch, tmp_path, variable, says, place
):
    if place == "environment":
        monkeypatch.setenv(variable, "1")
    else:
        (tmp_path / ".env").write_text(f"{variable}=1\n", encoding="utf-8")
    (sentence,) = settings_check.find_unknown_variables()
    assert says in sentence


def test_settings_and_other_programs_variables_are_not_reported(monkeypatch):
    for name in FIELDS:
        monkeypatch.setenv(variable_of(name), "1")
    monkeypatch.setenv("STYLEBOT_DISCORD_TOKEN", "1")
    monkeypatch.setenv("STYLUS_HOME", "1")
    monkeypatch.setenv("DISCORD_TOKENS", "1")
    assert settings_check.find_unknown_variables() == []
    assert "PATH" in os.environ
