"""The demo as a user runs it, with a small picture."""

from __future__ import annotations

import asyncio
import io
import json
import re
import sys

import pytest
from PIL import Image


async def _demo(*arguments):
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        "--once",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await asyncio.wait_for(process.communicate(), 200)
    return process.returncode, output.decode()


def _picture(path):
    return Image.open(io.BytesIO(path.read_bytes())).convert("RGB")


def _photograph(path, color):
    picture = Image.radial_gradient("L").resize((80, 64)).convert("RGB")
    Image.blend(picture, Image.new("RGB", picture.size, color), 0.4).save(path)
    return path


@pytest.mark.slow
async def test_it_writes_the_picture_the_snapshots_and_the_transcript(tmp_path):
    content = _photograph(tmp_path / "content.png", "teal")
    style = _photograph(tmp_path / "style.png", "gold")
    out = tmp_path / "out"
    status, output = await _demo(
        "--out", str(out), "--size", "64", "--recipe", "fast",
        "--content", str(content), "--style", str(style),
    )  # fmt: skip
    assert status == 0, output
    painted = _picture(out / "result.png")
    assert painted.size == (64, 51)
    assert painted.tobytes() != _picture(content).resize((64, 51)).tobytes()
    snapshots = sorted(out.glob("snapshot-*.webp"))
    assert snapshots
    assert all(_picture(snapshot).size == painted.size for snapshot in snapshots)
    events = json.loads((out / "transcript.json").read_text(encoding="utf-8"))
    posted = [event["d"] for event in events if event["t"] == "MESSAGE_CREATE"]
    assert [attachment["filename"] for attachment in posted[0]["attachments"]] == [
        "content.png",
        "style.png",
    ]
    answers = [message for message in posted if message["author"].get("bot")]
    assert len(answers) == 2, "the card and the outcome, once each"
    assert str(out.name) in output
    assert "http://127.0.0.1:" in output
    assert re.search(r"Card after \d+\.\d\d s, first snapshot after", " ".join(output.split()))


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--preset", "no-such-style"], "there is no preset 'no-such-style'"),
        (["--content", "no-such-file.png"], "cannot read no-such-file.png"),
    ],
)
async def test_a_wrong_argument_is_reported_at_once(tmp_path, arguments, reason):
    status, output = await _demo("--out", str(tmp_path / "out"), *arguments)
    assert status == 1
    assert reason in " ".join(output.split())


@pytest.mark.slow
async def test_a_refusal_fails_with_the_reason_that_the_bot_gives(tmp_path):
    (tmp_path / "notes.png").write_text("this is no picture", encoding="utf-8")
    style = _photograph(tmp_path / "style.png", "gold")
    status, output = await _demo(
        "--out", str(tmp_path / "out"), "--content", str(tmp_path / "notes.png"),
        "--style", str(style),
    )  # fmt: skip
    assert status == 1
    assert "notes.png" in output
    assert "not a picture" in " ".join(output.split())
