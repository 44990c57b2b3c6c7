"""``attachment://`` in embeds and components, filled in with the files' addresses and sizes."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.playground.cdn import Cdn
    from bot.playground.records import Attachment, Json

__all__ = ["Media"]


class Media:
    """Renders one message's embeds and components over the files it carries.

    Attributes:
        embedded: ids of the files shown inside an embed; filled as embeds are rendered.
    """

    def __init__(self, cdn: Cdn, attachments: list[Attachment]) -> None:
        self._cdn = cdn
        self._by_name = {attachment.filename: attachment for attachment in attachments}
        self.embedded: set[str] = set()

    def embed(self, embed: Json) -> Json:
        """An embed object as it is read."""
        shape = dict(embed)
        for part in ("image", "thumbnail"):
            if part in shape:
                shape[part] = self._picture(shape[part])
        for part in ("author", "footer"):
            if "icon_url" in shape.get(part, {}):
                shape[part] = self._icon(shape[part])
        return shape

    def component(self, component: Json) -> Json:
        """A component object as it is read, with everything inside it."""
        shape = dict(component)
        for key in ("components", "items"):
            if key in shape:
                shape[key] = [self.component(child) for child in shape[key]]
        if "accessory" in shape:
            shape["accessory"] = self.component(shape["accessory"])
        if "media" in shape:
            shape["media"] = self._unfurled(shape["media"])
        if "file" in shape:
            found = self._named(shape["file"]["url"])
            shape |= {
                "file": self._unfurled(shape["file"]),
                "name": found.filename if found else None,
                "size": found.size if found else None,
            }
        return shape

    def _picture(self, picture: Json) -> Json:
        found = self._named(picture["url"])
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

    def _icon(self, part: Json) -> Json:
        found = self._named(part["icon_url"])
        if found is None:
            return {**part, "proxy_icon_url": part["icon_url"]}
        self.embedded.add(found.id)
        url = self._cdn.url_of(found)
        return {**part, "icon_url": url, "proxy_icon_url": url}

    def _unfurled(self, media: Json) -> Json:
        found = self._named(media["url"])
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

    def _named(self, url: str) -> Attachment | None:
        scheme, _, name = url.partition("://")
        return self._by_name.get(name) if scheme == "attachment" else None
