"""The content delivery network: uploads behind signed URLs that expire."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from bot.playground.media_files import first_frame

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.playground.faults import Faults
    from bot.playground.state.clock import Clock
    from bot.playground.state.records import Attachment

__all__ = ["Cdn"]

LIFETIME_SECONDS = 24 * 3600
CAPACITY_BYTES = 512 * 1024 * 1024
_INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"})
_PUBLIC_FOLDERS = "avatars|banners|embed|emojis|icons|stickers"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class _File:
    data: bytes
    content_type: str | None


class Cdn:
    """Stores uploads in memory and serves them.

    As on Discord, files remain available after their message is deleted. Beyond the capacity
    the oldest files are dropped.
    """

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._key = secrets.token_bytes(32)
        self._files: dict[str, _File] = {}
        self._stored_bytes = 0
        self.base_url = ""
        self.lifetime_seconds = LIFETIME_SECONDS
        self.capacity_bytes = CAPACITY_BYTES

    @staticmethod
    def clean_filename(filename: str) -> str:
        """Return the file name that Discord stores: unsafe characters become underscores."""
        name = _UNSAFE.sub("_", filename.replace("\\", "/").rpartition("/")[2]).lstrip(".")
        return name[-260:] or "unknown"

    def store(self, path: str, data: bytes, content_type: str | None) -> None:
        """Store the bytes under ``path``, such as ``attachments/1/2/cat.png``."""
        self.remove(path)
        self._files[path] = _File(data=data, content_type=content_type)
        self._stored_bytes += len(data)
        while self._stored_bytes > self.capacity_bytes and len(self._files) > 1:
            self.remove(next(iter(self._files)))

    def remove(self, path: str) -> None:
        """Delete the bytes under ``path``, if there are any."""
        dropped = self._files.pop(path, None)
        if dropped is not None:
            self._stored_bytes -= len(dropped.data)

    def files(self) -> Iterator[tuple[str, bytes, str | None]]:
        """Yield the path, the bytes and the content type of every file."""
        for path, file in self._files.items():
            yield path, file.data, file.content_type

    def read(self, attachment: Attachment) -> bytes:
        """Return the attachment's bytes.

        Raises:
            KeyError: they were dropped.
        """
        return self._files[self.path_of(attachment)].data

    @staticmethod
    def path_of(attachment: Attachment) -> str:
        """Return the path under which the attachment's bytes are stored."""
        return f"{attachment.folder}/{attachment.channel_id}/{attachment.id}/{attachment.filename}"

    def url_of(self, attachment: Attachment) -> str:
        """Return a newly signed URL, valid for a day."""
        path = self.path_of(attachment)
        issued = int(self._clock.time())
        expires = issued + int(self.lifetime_seconds)
        query = f"ex={expires:x}&is={issued:x}&hm={self._sign(path, expires, issued)}&"
        return f"{self.base_url}/cdn/{quote(path)}?{query}"

    def routes(self) -> list[web.RouteDef]:
        """Return the routes under ``/cdn``."""
        return [
            web.get(r"/cdn/{folder:attachments|ephemeral-attachments}/{rest:.+}", self._signed),
            web.get(
                r"/cdn/{folder:avatars|banners|embed|emojis|icons|stickers}/{rest:.+}", self._public
            ),
        ]

    def _sign(self, path: str, expires: int, issued: int) -> str:
        text = f"{path}?{expires:x}&{issued:x}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    async def _signed(self, request: web.Request) -> web.StreamResponse:
        await self._faults.apply_to_cdn()
        path = f"{request.match_info['folder']}/{request.match_info['rest']}"
        try:
            expires = int(request.query["ex"], 16)
            issued = int(request.query["is"], 16)
            signature = request.query["hm"]
        except (KeyError, ValueError):
            return _no_longer_available()
        expected = self._sign(path, expires, issued)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return _no_longer_available()
        if expires <= self._clock.time():
            return _no_longer_available()
        if "format" in request.query:
            return self._serve_converted(path)
        return self._serve(path, cache="private, max-age=86400")

    async def _public(self, request: web.Request) -> web.StreamResponse:
        await self._faults.apply_to_cdn()
        stem = request.match_info["rest"].rpartition(".")[0]
        return self._serve(f"{request.match_info['folder']}/{stem}", cache="public, max-age=3600")

    def _serve_converted(self, path: str) -> web.Response:
        """Serve an image unchanged, and the first frame of a video."""
        file = self._files.get(path)
        if file is None or not (file.content_type or "").startswith("video/"):
            return self._serve(path, cache="private, max-age=86400")
        frame = first_frame(file.data)
        if frame is None:
            return web.Response(status=415, text="Unsupported media")
        return web.Response(body=frame, content_type="image/jpeg")

    def _serve(self, path: str, *, cache: str) -> web.Response:
        file = self._files.get(path)
        if file is None:
            return web.Response(status=404, text="")
        content_type = file.content_type or "application/octet-stream"
        # Uploads share the page's origin here, so no script in them may run.
        headers = {
            "Content-Type": content_type,
            "Cache-Control": cache,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        if content_type not in _INLINE:
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=file.data, headers=headers)


def _no_longer_available() -> web.Response:
    return web.Response(status=404, text="This content is no longer available.")
