"""The demo as a user runs it, with a small picture."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import signal
import sys
from pathlib import Path

import aiohttp
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


class Visitor:
    """A member on the chat page of a running demo, and what the demo has printed."""

    def __init__(self, process, session):
        self.process = process
        self.printed = ""
        self._session = session
        self._reading = asyncio.create_task(self._read())
        self._changed = asyncio.Condition()

    async def _read(self):
        while line := await self.process.stdout.readline():
            async with self._changed:
                self.printed += line.decode()
                self._changed.notify_all()

    async def prints(self, text):
        async with asyncio.timeout(150), self._changed:
            await self._changed.wait_for(
                lambda: text in self.printed or self.process.returncode is not None
            )
        assert text in self.printed, self.printed

    @property
    def api(self):
        return re.search(r"http://127\.0\.0\.1:\d+", self.printed)[0] + "/_playground"

    async def state(self):
        async with self._session.get(f"{self.api}/state") as answer:
            return await answer.json()

    async def channel(self):
        state = await self.state()
        (channel,) = [each for each in state["channels"] if each["name"] == "stylize"]
        return channel["id"], state["messages"][channel["id"]]

    async def say(self, text, *pictures):
        """Post a message; return the bot's answer to it."""
        channel, _ = await self.channel()
        form = aiohttp.FormData()
        form.add_field("payload_json", json.dumps({"content": text}))
        for index, picture in enumerate(pictures):
            form.add_field(f"files[{index}]", picture.read_bytes(), filename=picture.name)
        address = f"{self.api}/channels/{channel}/messages"
        async with self._session.post(address, data=form) as answer:
            posted = await answer.json()
        return await self.find(
            lambda message: message.get("message_reference", {}).get("message_id") == posted["id"]
        )

    async def find(self, is_wanted):
        async with asyncio.timeout(150):
            while True:
                _, messages = await self.channel()
                found = [m for m in messages if m["author"].get("bot") and is_wanted(m)]
                if found:
                    return found[0]
                await asyncio.sleep(0.2)

    async def press(self, message, custom_id):
        wanted = {
            "type": 3,
            "channel_id": message["channel_id"],
            "message_id": message["id"],
            "custom_id": custom_id,
        }
        async with self._session.post(f"{self.api}/interactions", json=wanted) as answer:
            assert answer.ok


@pytest.mark.slow
async def test_nothing_that_a_visitor_does_ends_it(tmp_path):
    photograph = _photograph(tmp_path / "mine.png", "teal")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--size", "512", "--recipe", "fine",
        env=os.environ | {"STYLEBOT_DATA_DIR": str(tmp_path / "kept"), "COLUMNS": "1000"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with aiohttp.ClientSession() as session:
        visitor = Visitor(process, session)
        try:
            await visitor.prints("Press Ctrl-C here to stop")
            assert str(tmp_path / "kept") in visitor.printed
            card = await visitor.find(lambda m: "job " in json.dumps(m["embeds"]))
            await visitor.say("!help")
            await visitor.say("!stylize", photograph, photograph)
            assert "The sample" not in visitor.printed

            job = card["components"][0]["components"][0]["custom_id"]
            await visitor.press(card, job)
            await visitor.prints("The sample is not painted: it was cancelled")
            await visitor.say("!pause")
            assert process.returncode is None
            assert (tmp_path / "kept" / "stylebot.sqlite3").exists()
            process.send_signal(signal.SIGINT)
            assert await asyncio.wait_for(process.wait(), 60) == 0, visitor.printed
        finally:
            if process.returncode is None:
                process.terminate()
                await process.wait()


async def test_terminated_before_the_picture_is_painted_it_leaves_no_process(tmp_path):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", "demo", "--once", "--out", str(tmp_path), "--size", "64",
        "--recipe", "cookbook", stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    async with asyncio.timeout(200):
        while b"Watch at" not in await process.stdout.readline():
            assert not process.stdout.at_eof()
        children = _children_of(process.pid)
        process.terminate()
        await process.communicate()
    assert process.returncode == 128 + signal.SIGTERM
    assert len(children) == 2  # the playground and the bot
    assert not [child for child in children if _exists(child)]


def _children_of(pid):
    return Path(f"/proc/{pid}/task/{pid}/children").read_text().split()


def _exists(pid):
    return Path(f"/proc/{pid}").exists()
