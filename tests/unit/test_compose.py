"""The compose files: well-formed, consistent, and with every setting of `.env` in reach."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from sqlalchemy import make_url

from bot.settings import Settings, variable_of

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")

SERVICE_KEYS = {
    "build", "cap_drop", "depends_on", "env_file", "environment", "healthcheck", "image",
    "read_only", "restart", "security_opt", "stop_grace_period", "tmpfs", "user", "volumes",
}  # fmt: skip
"""The keys of the Compose Specification that the files use; others may be misspelt ones."""


class UniqueKeys(yaml.SafeLoader):
    """YAML takes the last of two equal keys without a word."""

    def construct_mapping(self, node, deep=False):
        keys = [key.value for key, _ in node.value]
        assert len(keys) == len(set(keys)), f"{node.start_mark}: a key stands twice"
        return super().construct_mapping(node, deep)


def load(name):
    return yaml.load((ROOT / name).read_text(encoding="utf-8"), UniqueKeys)


BOT_ALONE, WITH_POSTGRES = load("compose.yaml"), load("compose.postgres.yaml")
SETTINGS = {variable_of(name) for name in Settings.model_fields}


@pytest.mark.parametrize("file", [BOT_ALONE, WITH_POSTGRES], ids=["alone", "postgres"])
def test_only_known_keys_are_used_and_what_is_named_exists(file):
    assert set(file) == {"services", "volumes"}
    services = BOT_ALONE["services"] | file["services"]
    for name, service in file["services"].items():
        assert set(service) <= SERVICE_KEYS
        for volume in service.get("volumes", ()):
            assert volume.split(":")[0] in file["volumes"]
        for other, how in service.get("depends_on", {}).items():
            assert "healthcheck" in services[other]
            assert how == {"condition": "service_healthy"}
        for variable, value in service["environment"].items():
            assert name != "bot" or variable in SETTINGS, variable
            assert isinstance(value, str)  # a bare number or a bare `off` is none


def test_every_line_of_the_settings_file_reaches_the_bot():
    bot = BOT_ALONE["services"]["bot"]
    assert bot["env_file"] == [{"path": ".env", "required": False}]
    # The image's own choices go before the file's, which may be meant for a checkout.
    assert bot["environment"]["STYLEBOT_DATA_DIR"] in {
        volume.split(":")[1] for volume in bot["volumes"]
    }
    port = bot["environment"]["STYLEBOT_HEALTH_PORT"]
    assert f"http://127.0.0.1:{port}/readyz" in DOCKERFILE


def test_the_bot_has_time_to_stop():
    seconds = int(BOT_ALONE["services"]["bot"]["stop_grace_period"].removesuffix("s"))
    assert seconds > Settings.model_fields["shutdown_seconds"].default


def test_the_example_with_postgres_connects_to_its_database():
    bot, database = (WITH_POSTGRES["services"][name] for name in ("bot", "database"))
    written = bot["environment"]["STYLEBOT_DATABASE_URL"]
    url = make_url(re.sub(r"\$\{POSTGRES_PASSWORD:\?[^}]+\}", "secret", written))
    settings = Settings(_env_file=None, database_url=url.render_as_string(hide_password=False))
    assert settings.resolved_database_url.startswith("postgresql://stylebot:secret@database/")
    assert url.host in WITH_POSTGRES["services"]
    assert url.username == database["environment"]["POSTGRES_USER"]
    assert url.database == database["environment"]["POSTGRES_DB"]
    assert database["environment"]["POSTGRES_PASSWORD"] in written
