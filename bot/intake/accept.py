"""From a request to an accepted job: download, inspect, keep, enqueue; or a polite refusal."""

from __future__ import annotations

import asyncio
import dataclasses
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bot.artefacts.folder import content_key, mask_key, preview_key, style_key
from bot.errors import (
    ArtefactMissingError,
    PictureProblem,
    PictureRefused,
    RequestProblem,
    RequestRefused,
)
from bot.intake.download import allowed_origins, download
from bot.intake.request import PictureSource, SavedPicture
from bot.jobs.models import Input, Interpretation, NewJob, Place, new_job_id
from stylenet import images
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from typing import Any

    import aiohttp
    from PIL import Image

    from bot.artefacts.folder import Artefacts
    from bot.intake.acceptance import JobAcceptance
    from bot.intake.inspection import InspectedPicture, Inspector
    from bot.intake.request import JobRequest
    from bot.jobs.models import Job
    from bot.settings import Settings

__all__ = ["Intake", "PresetInfo", "PresetLookup"]

MAX_STYLES = 4
"""Style pictures in one request, the preset's included."""

REQUESTS_AT_ONCE = 8
"""Requests whose pictures are in memory at the same time; the others wait their turn."""

DEFAULT_SIZE = 384
"""Longest side painted where neither the member nor the operator says; what a CPU paints in a
minute or two. Pixels."""


# Discord guesses these from the name; bytes are only trusted after inspection.
UNDECIDED = frozenset({"application/octet-stream"})


@dataclass(frozen=True, slots=True, eq=False)
class _Picture:
    """A picture ready to be kept.

    Attributes:
        data: as it came.
        preview: a reduced copy, encoded (WebP); None where none was kept.
        size: its width and height in pixels, where they matter.
    """

    data: bytes
    preview: bytes | None
    size: tuple[int, int] | None = None


class PresetInfo(Protocol):
    """What intake needs to know of a preset."""

    @property
    def title(self) -> str:
        """What members call it."""
        ...

    @property
    def recipe_changes(self) -> Mapping[str, Any]:
        """The recipe's fields it sets."""
        ...

    @property
    def picture(self) -> Callable[[], Awaitable[bytes]]:
        """Reads its style picture, encoded."""
        ...

    @property
    def preview(self) -> Callable[[], Awaitable[bytes]]:
        """Reads a reduced copy of it, encoded (WebP)."""
        ...


class PresetLookup(Protocol):
    """Where presets are looked up by name; `bot.presets.catalog.PresetCatalog` is one."""

    async def get(self, name: str, /, *, guild_id: int | None) -> PresetInfo | None:
        """The preset of this name on offer in the guild, None where there is none."""
        ...

    async def nearest(self, name: str, /, *, guild_id: int | None) -> str | None:
        """The name that was probably meant, None where nothing is near."""
        ...


class Intake:
    """Accepts requests. From the moment `accept` returns, nothing of a job is lost.

    Args:
        settings: limits on pictures, and the size painted.
        keeper: where accepted jobs and their pictures go.
        artefacts: where pictures that are held already are read.
        inspector: started already.
        presets: the built-in styles, and guilds' own.
        session: whose connections the downloads use.
        default_size: longest side painted where neither the member nor `settings.size` says.
            Pixels. May be changed at any time, as when the devices become known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        keeper: JobAcceptance,
        artefacts: Artefacts,
        inspector: Inspector,
        presets: PresetLookup,
        session: aiohttp.ClientSession,
        default_size: int = DEFAULT_SIZE,
    ) -> None:
        self._settings = settings
        self._keeper = keeper
        self._artefacts = artefacts
        self._inspector = inspector
        self._presets = presets
        self._session = session
        self.default_size = default_size
        self._origins = allowed_origins(settings)
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def accept(self, request: JobRequest) -> Job:
        """Fetch and check the pictures, keep them and enqueue the job.

        The same request accepted again (a gateway replay, a second click) is the same job.

        Raises:
            RequestRefused: too many pictures, or a preset or option that does not exist.
            PictureRefused: one of the pictures cannot be used.
            LimitReached: a cap per member, guild or queue, or the disk is nearly full.
            StoreUnavailableError: the database cannot be reached.
        """
        preset = await self._preset(request)
        recipe = self._recipe(request, preset)
        await self._keeper.check_disk()
        async with self._turns:
            content, *styles = await self._gather(request)
            mask = styles.pop() if request.mask is not None else None
            if preset is not None:
                styles.append(_Picture(await preset.picture(), await preset.preview()))
            return await self._enqueue(request, preset, recipe, content, styles, mask=mask)

    async def hold(self, source: PictureSource) -> SavedPicture:
        """Fetch, check and keep a picture whose style is yet to be chosen.

        Raises:
            PictureRefused: the picture cannot be used.
            LimitReached: the disk is nearly full.
        """
        await self._keeper.check_disk()
        async with self._turns:
            picture = await self._fetch(source)
            key = f"pickers/{secrets.token_hex(8)}/content"
            preview = await asyncio.to_thread(_encoded, picture.preview)
            await self._keeper.keep({key: picture.data, preview_key(key): preview})
        return SavedPicture(
            key=key,
            filename=source.filename,
            spoiler=source.spoiler,
            size=(picture.width, picture.height),
            place=source.place,
        )

    async def fetch(self, source: PictureSource) -> tuple[bytes, bytes]:
        """Fetch and check a picture that no job needs; the caller keeps it.

        Returns:
            The picture as it came, and a reduced copy of it, encoded (WebP).

        Raises:
            PictureRefused: the picture cannot be used.
            LimitReached: the disk is nearly full.
        """
        await self._keeper.check_disk()
        async with self._turns:
            picture = await self._fetch(source)
            return picture.data, await asyncio.to_thread(_encoded, picture.preview)

    async def release(self, held: SavedPicture) -> None:
        """Forget a held picture whose style will not be chosen any more."""
        await self._keeper.forget((held.key, preview_key(held.key)))

    async def _preset(self, request: JobRequest) -> PresetInfo | None:
        preset = None
        if request.preset is not None:
            guild_id = request.origin.guild_id
            preset = await self._presets.get(request.preset, guild_id=guild_id)
            if preset is None:
                raise RequestRefused(
                    RequestProblem.UNKNOWN_PRESET,
                    detail=request.preset,
                    suggestion=await self._presets.nearest(request.preset, guild_id=guild_id),
                )
        styles = len(request.styles) + (preset is not None)
        if styles > MAX_STYLES:
            raise RequestRefused(RequestProblem.TOO_MANY_PICTURES, detail=str(styles))
        return preset

    def _recipe(self, request: JobRequest, preset: PresetInfo | None) -> Recipe:
        """The recipe with the preset's changes, the member's over them, and a size."""
        changes = {**(preset.recipe_changes if preset is not None else {}), **request.options}
        try:
            recipe = request.recipe.evolve(**changes)
            largest = self._settings.largest_size
            if recipe.size is None:
                size = self._settings.size or self.default_size
                recipe = recipe.evolve(size=min(size, largest))
            elif recipe.size > largest:
                raise RequestRefused(
                    RequestProblem.BAD_OPTION_VALUE,
                    detail=f"size={recipe.size}",
                    suggestion=f"a number of pixels up to {largest}",
                )
        except RecipeError as error:
            is_known = error.field in {field.name for field in dataclasses.fields(Recipe)}
            raise RequestRefused(
                RequestProblem.BAD_OPTION_VALUE if is_known else RequestProblem.UNKNOWN_OPTION,
                detail=error.field,
                suggestion=error.expected,
            ) from error
        return recipe

    async def _gather(self, request: JobRequest) -> list[_Picture]:
        """The content picture, the style pictures, then the mask, fetched side by side."""
        masks = () if request.mask is None else (request.mask,)
        try:
            async with asyncio.TaskGroup() as group:
                tasks = [
                    group.create_task(self._picture(source))
                    for source in (request.content, *request.styles, *masks)
                ]
        except ExceptionGroup as errors:
            # One refusal is as good as several: the member is told of the first picture's.
            raise errors.exceptions[0] from None
        return [task.result() for task in tasks]

    async def _picture(self, source: PictureSource | SavedPicture) -> _Picture:
        if isinstance(source, SavedPicture):
            return await self._held(source)
        inspected = await self._fetch(source)
        preview = await asyncio.to_thread(_encoded, inspected.preview)
        return _Picture(inspected.data, preview, (inspected.width, inspected.height))

    async def _held(self, picture: SavedPicture) -> _Picture:
        data = await self._artefacts.get(picture.key)
        try:
            preview = await self._artefacts.get(preview_key(picture.key))
        except ArtefactMissingError:
            preview = None  # the card goes without it
        return _Picture(data, preview, picture.size)

    async def _fetch(self, source: PictureSource) -> InspectedPicture:
        _check_kind(source)
        limit = self._settings.max_upload_bytes
        if source.size is not None and source.size > limit:  # not worth the way
            raise PictureRefused(
                PictureProblem.TOO_MANY_BYTES,
                filename=source.filename,
                got=str(source.size),
                limit=str(limit),
            )
        data = await download(
            self._session,
            source.url,
            filename=source.filename,
            origins=self._origins,
            max_bytes=limit,
            timeout=self._settings.download_timeout_seconds,
        )
        return await self._inspector.inspect(data, filename=source.filename)

    async def _enqueue(
        self,
        request: JobRequest,
        preset: PresetInfo | None,
        recipe: Recipe,
        content: _Picture,
        styles: list[_Picture],
        *,
        mask: _Picture | None,
    ) -> Job:
        """Keep the inputs, then enqueue; inputs that no job needs are deleted again."""
        job_id = new_job_id()
        understood = _understood(request, preset, content, styles)
        # One mask holds for every style: what it leaves black stays the picture as it is.
        masks = {mask_key(job_id, 0): mask} if mask is not None else {}
        new = NewJob(
            job_id=job_id,
            origin=request.origin,
            content_key=content_key(job_id),
            style_keys=tuple(style_key(job_id, index) for index in range(len(styles))),
            content_size=content.size,
            recipe=recipe,
            preset=request.preset,
            title=request.title or understood.title(),
            understood=understood,
            mask_keys=tuple(masks) * len(styles),
            spoiler=any(source.spoiler for source in (request.content, *request.styles)),
            request_key=request.request_key,
            priority=request.priority,
        )
        pictures = dict(zip((new.content_key, *new.style_keys), (content, *styles), strict=True))
        pictures |= masks
        kept = {key: each.data for key, each in pictures.items()}
        for key, each in pictures.items():
            if each.preview is not None:
                kept[preview_key(key)] = each.preview
        return await self._keeper.accept(new, kept)


def _encoded(preview: Image.Image) -> bytes:
    return images.encode(preview, "webp")


def _check_kind(source: PictureSource) -> None:
    """Refuse what Discord itself says is no picture, before it is fetched.

    Raises:
        PictureRefused: it is a film, or plainly something else.
    """
    kind = (source.content_type or "").partition(";")[0].strip().lower()
    if not kind or kind in UNDECIDED or kind.startswith("image/"):
        return
    if source.place is Place.STICKER:
        problem = PictureProblem.DRAWN_STICKER
    elif kind.startswith("video/"):
        problem = PictureProblem.FILM
    else:
        problem = PictureProblem.NOT_A_PICTURE
    raise PictureRefused(problem, filename=source.filename, got=kind)


def _understood(
    request: JobRequest, preset: PresetInfo | None, content: _Picture, styles: list[_Picture]
) -> Interpretation:
    """What was taken for what, with the sizes that are known by now."""
    taken = [
        Input(name=source.filename, place=source.place, size=picture.size)
        for source, picture in zip(request.styles, styles, strict=False)
    ]
    if preset is not None:
        taken.append(Input(name=preset.title, place=Place.PRESET))
    return Interpretation(
        content=Input(
            name=request.content.filename, place=request.content.place, size=content.size
        ),
        styles=tuple(taken),
        mask=(
            None
            if request.mask is None
            else Input(name=request.mask.filename, place=request.mask.place)
        ),
        order=request.order,
    )
