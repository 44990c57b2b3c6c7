"""The image and the compose files give the bot no more than it needs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVICES = [
    pytest.param(service, id=f"{path.name}:{name}")
    for path in sorted(ROOT.glob("compose*.yaml"))
    for name, service in yaml.safe_load(path.read_text(encoding="utf-8"))["services"].items()
    if "image" in service or "build" in service  # not what another file changes about one
]


def test_the_image_runs_as_a_user_without_privileges():
    final = DOCKERFILE.rpartition("\nFROM ")[2]
    users = re.findall(r"^USER (\S+)$", final, re.MULTILINE)
    assert users == ["stylebot"]
    assert re.search(r"useradd .*--uid [1-9]\d{3,} stylebot", final)
    assert final.index("USER stylebot") < final.index("ENTRYPOINT")
    assert not re.search(r"^(ARG|ENV) .*(TOKEN|PASSWORD|SECRET)", DOCKERFILE, re.MULTILINE)


def test_the_image_needs_to_write_nothing_but_its_data():
    assert "--compile-bytecode" in DOCKERFILE
    assert "STYLEBOT_DATA_DIR=/data" in DOCKERFILE
    assert "VOLUME /data" in DOCKERFILE


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_no_privileges(service):
    assert service["read_only"] is True
    assert any(each.split(":")[0] == "/tmp" for each in service["tmpfs"])
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service.get("user") not in {"root", "0"}
    for given in ("privileged", "cap_add", "devices", "network_mode", "pid", "ipc", "ports"):
        assert given not in service
    assert not any("docker.sock" in str(each) for each in service.get("volumes", ()))


def test_every_service_is_looked_at():
    assert len(SERVICES) == 2
