"""Resolve ``attachment://`` references in embeds and components to URLs and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.state.records import Attachment, Json

__all__ = ["AttachmentUrls"]


class AttachmentUrls:
    """Resolves the references in one message's embeds and components to its attachments.

    Attributes:
        embedded: ids of the files shown in an embed; filled by `embed`.
    """

    def __init__(self, cdn: Cdn, attachments: list[Attachment]) -> None:
        self._cdn = cdn
        self._by_name = {attachment.filename: attachment for attachment in attachments}
        self.embedded: set[str] = set()

    def embed(self, embed: Json) -> Json:
        """Return an embed object with its file references resolved."""
        shape = dict(embed)
        for part in ("image", "thumbnail"):
            if part in shape:
                shape[part] = self._image(shape[part])
        for part in ("author", "footer"):
            if "icon_url" in shape.get(part, {}):
                shape[part] = self._resolve_icon(shape[part])
        return shape

    def component(self, component: Json) -> Json:
        """Return a component object with the file references in it and its children resolved."""
        shape = dict(component)
        for key in ("components", "items"):
            if key in shape:
                shape[key] = [self.component(child) for child in shape[key]]
        if "accessory" in shape:
            shape["accessory"] = self.component(shape["accessory"])
        if "media" in shape:
            shape["media"] = self._media_item(shape["media"])
        if "file" in shape:
            found = self._find(shape["file"]["url"])
            shape |= {
                "file": self._media_item(shape["file"]),
                "name": found.filename if found else None,
                "size": found.size if found else None,
            }
        return shape

    def _image(self, picture: Json) -> Json:
        found = self._find(picture["url"])
        if found is None:
            return {"proxy_url": picture["url"], **picture}
        self.embedded.add(found.id)
        url = self._cdn.url_of(found)
        shape: Json = {**picture, "url": url, "proxy_url": url}
        if found.width is not None and found.height is not None:
            shape |= {"width": found.width, "height": found.height}
        if found.content_type is not None:
            shape["content_type"] = found.content_type
        return shape

    def _resolve_icon(self, part: Json) -> Json:
        found = self._find(part["icon_url"])
        if found is None:
            return {**part, "proxy_icon_url": part["icon_url"]}
        self.embedded.add(found.id)
        url = self._cdn.url_of(found)
        return {**part, "icon_url": url, "proxy_icon_url": url}

    def _media_item(self, media: Json) -> Json:
        found = self._find(media["url"])
        if found is None:
            return {**media, "proxy_url": media["url"], "width": None, "height": None}
        url = self._cdn.url_of(found)
        return {
            **media,
            "url": url,
            "proxy_url": url,
            "width": found.width,
            "height": found.height,
            "content_type": found.content_type,
            "attachment_id": found.id,
        }

    def _find(self, url: str) -> Attachment | None:
        scheme, _, name = url.partition("://")
        return self._by_name.get(name) if scheme == "attachment" else None
