"""The content delivery network: uploaded bytes behind signed addresses that expire."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from aiohttp import web

from bot.playground.films import first_frame

if TYPE_CHECKING:
    from bot.playground.clock import Clock
    from bot.playground.faults import Faults
    from bot.playground.records import Attachment

__all__ = ["Cdn"]

LIFETIME_SECONDS = 24 * 3600
CAPACITY_BYTES = 512 * 1024 * 1024
_INLINE = frozenset({"image/png", "image/jpeg", "image/webp", "image/gif", "image/avif"})
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, kw_only=True)
class _File:
    data: bytes
    content_type: str | None


class Cdn:
    """Keeps uploads in memory and serves them.

    Files whose message is gone stay reachable, as on Discord, until room is needed:
    beyond its capacity the oldest files are forgotten.
    """

    def __init__(self, clock: Clock, faults: Faults) -> None:
        self._clock = clock
        self._faults = faults
        self._key = secrets.token_bytes(32)
        self._files: dict[str, _File] = {}
        self._held = 0
        self.base_url = ""
        self.lifetime_seconds = LIFETIME_SECONDS
        self.capacity_bytes = CAPACITY_BYTES

    @staticmethod
    def clean_filename(filename: str) -> str:
        """The name Discord keeps of an uploaded file: its odd characters become underscores."""
        name = _UNSAFE.sub("_", filename.replace("\\", "/").rpartition("/")[2]).lstrip(".")
        return name[-260:] or "unknown"

    def keep(self, path: str, data: bytes, content_type: str | None) -> None:
        """Keep the bytes under ``path``, such as ``attachments/1/2/cat.png``."""
        self.forget(path)
        self._files[path] = _File(data=data, content_type=content_type)
        self._held += len(data)
        while self._held > self.capacity_bytes and len(self._files) > 1:
            self.forget(next(iter(self._files)))

    def forget(self, path: str) -> None:
        """Drop the bytes under ``path``, if there are any."""
        dropped = self._files.pop(path, None)
        if dropped is not None:
            self._held -= len(dropped.data)

    def read(self, attachment: Attachment) -> bytes:
        """The attachment's bytes.

        Raises:
            KeyError: they were forgotten.
        """
        return self._files[self.path_of(attachment)].data

    @staticmethod
    def path_of(attachment: Attachment) -> str:
        """Where the attachment's bytes are kept."""
        return f"{attachment.folder}/{attachment.channel_id}/{attachment.id}/{attachment.filename}"

    def url_of(self, attachment: Attachment) -> str:
        """A signed address, good for a day; a new one each time it is asked for."""
        path = self.path_of(attachment)
        issued = int(self._clock.time())
        expires = issued + int(self.lifetime_seconds)
        query = f"ex={expires:x}&is={issued:x}&hm={self._sign(path, expires, issued)}&"
        return f"{self.base_url}/cdn/{quote(path)}?{query}"

    def routes(self) -> list[web.RouteDef]:
        """The routes under ``/cdn``."""
        return [
            web.get(r"/cdn/{folder:attachments|ephemeral-attachments}/{rest:.+}", self._signed),
            web.get(r"/cdn/{folder:avatars|emojis|embed|stickers}/{rest:.+}", self._public),
        ]

    def _sign(self, path: str, expires: int, issued: int) -> str:
        text = f"{path}?{expires:x}&{issued:x}".encode()
        return hmac.new(self._key, text, hashlib.sha256).hexdigest()

    async def _signed(self, request: web.Request) -> web.StreamResponse:
        await self._faults.before_cdn()
        path = f"{request.match_info['folder']}/{request.match_info['rest']}"
        try:
            expires = int(request.query["ex"], 16)
            issued = int(request.query["is"], 16)
            signature = request.query["hm"]
        except (KeyError, ValueError):
            return _gone()
        expected = self._sign(path, expires, issued)
        if not hmac.compare_digest(signature.encode(), expected.encode()):
            return _gone()
        if expires <= self._clock.time():
            return _gone()
        if "format" in request.query:
            return self._still(path)
        return self._serve(path, cache="private, max-age=86400")

    async def _public(self, request: web.Request) -> web.StreamResponse:
        await self._faults.before_cdn()
        stem = request.match_info["rest"].rpartition(".")[0]
        return self._serve(f"{request.match_info['folder']}/{stem}", cache="public, max-age=3600")

    def _still(self, path: str) -> web.Response:
        """Another format of a picture is the picture itself here; of a film, its first frame."""
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
        # Uploads share the page's origin here, so nothing of them may run in it.
        headers = {
            "Content-Type": content_type,
            "Cache-Control": cache,
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": "sandbox; default-src 'none'",
        }
        if content_type not in _INLINE:
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=file.data, headers=headers)


def _gone() -> web.Response:
    return web.Response(status=404, text="This content is no longer available.")
