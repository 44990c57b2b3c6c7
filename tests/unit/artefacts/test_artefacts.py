"""Artefacts in a folder and in object storage."""

from __future__ import annotations

import asyncio
import errno
import os
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.artefacts import keys, open_artefacts
from bot.artefacts.folder import FolderArtefacts
from bot.errors import ArtefactMissingError, ConfigurationError, StorageFullError


@pytest.fixture(params=["folder", "objects"])
def kept(request, tmp_path):
    if request.param == "folder":
        return open_artefacts(str(tmp_path / "artefacts"))
    return open_artefacts(request.getfixturevalue("objects_url"))


async def test_a_stored_artefact_can_be_read(kept):
    await kept.put("jobs/a/content", b"one")
    assert await kept.get("jobs/a/content") == b"one"
    await kept.put("jobs/a/content", b"two")
    assert await kept.get("jobs/a/content") == b"two"
    await kept.put("jobs/a/empty", b"")
    assert await kept.get("jobs/a/empty") == b""


async def test_a_file_and_a_copy_are_stored_as_their_bytes(kept, tmp_path):
    file = tmp_path / "upload"
    picture = os.urandom(11 * 1024 * 1024)  # two parts of an upload and a rest
    file.write_bytes(picture)
    await kept.put_file("jobs/a/content", file)
    await kept.copy("jobs/a/content", "jobs/b/content")
    await kept.delete("jobs/a/content")
    assert await kept.get("jobs/b/content") == picture
    assert await kept.size("jobs/b/content") == len(picture)
    for call in (kept.size("jobs/a/content"), kept.copy("jobs/a/content", "jobs/c/content")):
        with pytest.raises(ArtefactMissingError) as caught:
            await call
        assert caught.value.key == "jobs/a/content"
    assert [info.key async for info in kept.list()] == ["jobs/b/content"]


async def test_a_file_of_another_file_system_is_copied(tmp_path, monkeypatch):
    file, kept = tmp_path / "upload", FolderArtefacts(tmp_path / "artefacts")
    file.write_bytes(b"picture")
    replace = Path.replace

    def refuse(path, target):
        if path == file:
            raise OSError(errno.EXDEV, "another file system")
        return replace(path, target)

    monkeypatch.setattr(Path, "replace", refuse)
    await kept.put_file("jobs/a/content", file)
    assert await kept.get("jobs/a/content") == b"picture"
    assert (tmp_path / "artefacts/jobs/a/content").stat().st_mode & 0o077 == 0


async def test_other_users_of_the_machine_cannot_read_a_folders_files(tmp_path):
    root = tmp_path / "data" / "artefacts"
    kept = FolderArtefacts(root)
    await kept.put("jobs/a/content", b"one")
    for path in (root.parent, root, *root.rglob("*")):
        assert path.stat().st_mode & 0o077 == 0, path

    root.chmod(0o755)  # as an earlier version made it
    FolderArtefacts(root)
    assert root.stat().st_mode & 0o777 == 0o700


async def test_a_missing_artefact(kept):
    with pytest.raises(ArtefactMissingError) as caught:
        await kept.get("jobs/a/content")
    assert caught.value.key == "jobs/a/content"
    await kept.delete("jobs/a/content")
    assert await kept.delete_prefix("jobs/a/") == 0
    assert [info async for info in kept.list()] == []


async def test_listing_and_deleting(kept):
    for key in ("jobs/a/content", "jobs/a/style-0", "jobs/ab/content", "pickers/1/content"):
        await kept.put(key, b"12345")

    infos = {info.key: info async for info in kept.list("jobs/a/")}
    assert set(infos) == {"jobs/a/content", "jobs/a/style-0"}
    info = infos["jobs/a/content"]
    assert info.size == 5
    assert abs(info.modified_at - datetime.now(UTC)) < timedelta(minutes=1)

    assert await kept.delete_prefix("jobs/a/") == 2
    await kept.delete("pickers/1/content")
    assert [info.key async for info in kept.list()] == ["jobs/ab/content"]
    await kept.close()


@pytest.mark.parametrize(
    "key",
    ["", "/etc/passwd", "../x", "jobs/../../x", "jobs//x", "jobs/", "a\\b", "a\0b", "jobs/.x"],
)
async def test_invalid_keys_are_refused(kept, key):
    with pytest.raises(ValueError, match="invalid artefact key"):
        await kept.put(key, b"")
    with pytest.raises(ValueError, match="invalid artefact key"):
        await kept.get(key)
    with pytest.raises(ValueError, match="invalid artefact key"):
        await kept.delete(key)


@given(st.text(max_size=30))
def test_no_key_leaves_the_folder(tmp_path_factory, key):
    root = Path(str(tmp_path_factory.getbasetemp()), "root")
    kept = FolderArtefacts(root)
    try:
        path = kept._path(key)
    except ValueError:
        return
    assert path.resolve().is_relative_to(root.resolve())
    assert path != root


async def test_a_reader_gets_the_old_or_the_new_file_complete(kept):
    pictures = [bytes([number]) * 200_000 for number in range(8)]
    await kept.put("jobs/a/content", pictures[0])

    async def write() -> None:
        for picture in pictures:
            await kept.put("jobs/a/content", picture)

    writing = asyncio.create_task(write())
    while not writing.done():
        assert await kept.get("jobs/a/content") in pictures
    await writing
    assert [info.key async for info in kept.list()] == ["jobs/a/content"]


async def test_more_objects_than_one_page_and_one_deletion_take(objects_url):
    kept = open_artefacts(objects_url)
    for batch in range(26):
        await asyncio.gather(*(kept.put(f"jobs/a/{batch}-{n}", b"") for n in range(40)))
    await kept.put("jobs/ab/content", b"")

    assert len([info async for info in kept.list("jobs/a/")]) == 1040
    assert await kept.delete_prefix("jobs/a/") == 1040
    assert [info.key async for info in kept.list()] == ["jobs/ab/content"]


async def test_unreachable_object_storage_is_an_outage(objects_url, object_proxy):
    kept = open_artefacts(objects_url)
    await kept.put("jobs/a/content", b"kept")
    await object_proxy.close()

    attempts = [
        lambda: kept.get("jobs/a/content"),
        lambda: kept.put("jobs/a/content", b"new"),
        lambda: kept.delete("jobs/a/content"),
        lambda: kept.delete_prefix("jobs/a/"),
    ]
    for attempt in attempts:
        with pytest.raises(OSError, match="S3") as caught:
            await attempt()
        assert not isinstance(caught.value, ArtefactMissingError)
        assert "\n" not in str(caught.value)  # it goes into the log

    await object_proxy.open()
    assert await kept.get("jobs/a/content") == b"kept"


async def test_a_bucket_that_does_not_exist(object_proxy):
    kept = open_artefacts("s3://nowhere/x")
    with pytest.raises(OSError, match="NoSuchBucket"):
        await kept.put("jobs/a/content", b"")


async def test_a_full_disk_leaves_the_old_picture(tmp_path, monkeypatch):
    kept = FolderArtefacts(tmp_path)
    await kept.put("jobs/a/content", b"old")

    def no_room(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", no_room)
    with pytest.raises(StorageFullError):
        await kept.put("jobs/a/content", b"new")
    monkeypatch.undo()

    assert await kept.get("jobs/a/content") == b"old"
    assert [info.key async for info in kept.list()] == ["jobs/a/content"]


async def test_free_space(kept, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=5))
    is_folder = isinstance(kept, FolderArtefacts)
    assert await kept.free_bytes() == (5 if is_folder else None)  # a bucket has no limit


def test_addresses(tmp_path):
    assert isinstance(open_artefacts(f"file://{tmp_path}/a%20b"), FolderArtefacts)
    assert (tmp_path / "a b").is_dir()
    with pytest.raises(ConfigurationError, match="ftp"):
        open_artefacts("ftp://host/x")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot be kept"):
        open_artefacts(str(tmp_path / "file" / "x"))


def test_keys_name_what_they_are_of():
    assert keys.content_key("j") == "jobs/j/content"
    assert keys.style_key("j", 1) == "jobs/j/style-1"
    assert keys.mask_key("j", 1) == "jobs/j/mask-1"
    assert keys.start_key("j") == "jobs/j/start"
    assert keys.snapshot_key("j", claims=2, step=12) == "jobs/j/snapshot-2-12"
    assert keys.snapshot_step("jobs/j/snapshot-2-12") == keys.snapshot_step("jobs/j/snapshot-12")
    assert keys.snapshot_step("jobs/j/checkpoint-2-12") is None
    assert keys.checkpoint_key("j", claims=2, step=12) == "jobs/j/checkpoint-2-12"
    assert keys.result_key("j", claims=2) == "jobs/j/result-2"
    assert keys.job_prefix("j") == "jobs/j/"
