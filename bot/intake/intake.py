"""Turn a request into an accepted job: check it, load its pictures, store them, enqueue."""

from __future__ import annotations

import dataclasses
import secrets
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol

from bot.artefacts.keys import content_key, mask_key, preview_key, style_key
from bot.artefacts.sources import size_of
from bot.errors import (
    DiscordError,
    PictureProblem,
    PictureRefused,
    Refusal,
    RequestProblem,
    RequestRefused,
)
from bot.intake.fair_slots import FairSlots
from bot.intake.job_request import SavedPicture
from bot.intake.picture_loader import LoadedPicture, PictureLoader
from bot.intake.upload_folder import UploadFolder
from bot.jobs.job_inputs import InputImage, InputSource, Interpretation
from bot.jobs.models import NewJob, new_job_id
from stylenet.errors import RecipeError
from stylenet.recipe import Recipe

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from typing import Any

    import aiohttp

    from bot.artefacts.base import Artefacts
    from bot.artefacts.sources import ArtefactSource
    from bot.intake.acceptance import JobAcceptance
    from bot.intake.inspection import Inspector
    from bot.intake.job_request import JobRequest, PictureSource
    from bot.intake.quota import StorageQuota
    from bot.jobs.models import Job, Origin
    from bot.settings import Settings

__all__ = ["MAX_STYLES", "Intake", "PresetInfo", "PresetLookup", "default_size"]

MAX_STYLES: Final = 4
"""Style pictures in one request, the preset's included."""

REQUESTS_PER_MEMBER: Final = 2
"""Requests of one member whose pictures are loaded at the same time."""

MAX_CONCURRENT_REQUESTS: Final = 8
"""Requests whose pictures are loaded, to the disk, at the same time; further ones wait."""

CPU_SIZE: Final = 384
"""Longest side in pixels that a CPU paints in a minute or two."""

GPU_SIZE: Final = 1024


def default_size(settings: Settings, devices: Sequence[str]) -> int:
    """Return the longest side in pixels of a picture whose member sets none."""
    if settings.size is not None:
        return settings.size
    return CPU_SIZE if all(device == "cpu" for device in devices) else GPU_SIZE


class PresetInfo(Protocol):
    """The parts of a preset that intake reads; `bot.presets` is out of its reach."""

    @property
    def title(self) -> str:
        """Display name."""
        ...

    @property
    def recipe_changes(self) -> Mapping[str, Any]:
        """The recipe fields it sets."""
        ...

    @property
    def picture(self) -> Callable[[], Awaitable[ArtefactSource]]:
        """Finds its style picture, encoded."""
        ...

    @property
    def preview(self) -> Callable[[], Awaitable[bytes]]:
        """Reads a reduced copy of it, encoded (WebP)."""
        ...


class PresetLookup(Protocol):
    """Finds presets by name, as `bot.presets.catalog.PresetCatalog` does."""

    async def get(self, name: str, /, *, guild_id: int | None) -> PresetInfo | None:
        """Return the guild's preset of this name, or None."""
        ...

    async def nearest(self, name: str, /, *, guild_id: int | None) -> str | None:
        """Return the most similar preset name, or None if none is similar."""
        ...


class Intake:
    """Accepts requests. Once `accept` returns, the job survives any crash.

    Args:
        settings: limits on pictures, and the default size.
        acceptance: stores pictures and enqueues jobs.
        artefacts: where stored pictures are read.
        inspector: a started inspector.
        presets: the built-in presets and each guild's own.
        session: the HTTP session for downloads.
        default_size: longest side in pixels if neither the member nor `settings.size` sets one.
            May be changed at any time, for example once the devices are known.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        acceptance: JobAcceptance,
        artefacts: Artefacts,
        inspector: Inspector,
        presets: PresetLookup,
        session: aiohttp.ClientSession,
        default_size: int = CPU_SIZE,
    ) -> None:
        self._settings = settings
        self._acceptance = acceptance
        self._presets = presets
        self._loader = PictureLoader(
            settings, artefacts=artefacts, inspector=inspector, session=session
        )
        self.default_size = default_size
        self._uploads = UploadFolder(settings.data_dir / "uploads")
        self._slots = FairSlots(MAX_CONCURRENT_REQUESTS, per_member=REQUESTS_PER_MEMBER)

    async def accept(self, request: JobRequest) -> Job:
        """Load and check the pictures, store them and enqueue the job.

        Accepting the same request again (a gateway replay, a second click) returns the same job.

        Raises:
            RequestRefused: too many pictures, or an unknown preset or option.
            PictureRefused: one of the pictures cannot be used.
            ArtefactMissingError: a stored picture is gone.
            LimitReached: a limit per member, guild or queue is reached, or the disk is nearly
                full.
            StoreUnavailableError: the database cannot be reached.
        """
        presets = await self._find_presets(request)
        recipe = self._build_recipe(request, presets)
        await self._acceptance.check_disk()
        member_id = request.origin.requester_id
        async with self._slots.slot(member_id), self._uploads.open_request() as files:
            masks = () if request.mask is None else (request.mask,)
            sources = (request.content, *request.styles, *masks)
            content, *styles = await self._loader.load_all(
                sources, member_id=member_id, files=files
            )
            _check_content(content, filename=request.content.filename)
            mask = styles.pop() if masks else None
            styles += [
                LoadedPicture(source=await preset.picture(), preview=await preset.preview())
                for preset in presets
            ]
            interpretation = _interpretation(request, presets, content, styles)
            return await self._enqueue(request, recipe, interpretation, content, styles, mask=mask)

    @asynccontextmanager
    async def save_picture(
        self,
        source: PictureSource | SavedPicture,
        origin: Origin,
        *,
        mask: SavedPicture | None = None,
    ) -> AsyncIterator[tuple[SavedPicture, SavedPicture | None]]:
        """Load, check and store a picture whose style is chosen later.

        The block records it in a picker. If that fails for certain, the picture is deleted.

        Args:
            source: the picture, or one of an earlier job, which is copied.
            origin: of the request, whose member and guild have caps on what is stored.
            mask: a mask of an earlier job, which is copied too.

        Returns:
            The stored picture, and the stored mask or None.

        Raises:
            PictureRefused: the picture cannot be used.
            ArtefactMissingError: a picture of the earlier job is gone.
            LimitReached: the disk is nearly full, or a cap is reached.
        """
        await self._acceptance.check_disk()
        sources = (source,) if mask is None else (source, mask)
        async with AsyncExitStack() as stack:
            member_id = origin.requester_id
            async with self._slots.slot(member_id), self._uploads.open_request() as files:
                loaded = await self._loader.load_all(sources, member_id=member_id, files=files)
                _check_content(loaded[0], filename=source.filename)
                folder = f"pickers/{secrets.token_hex(8)}"
                keys = (f"{folder}/content", f"{folder}/mask")
                artefacts = _artefacts_of(dict(zip(keys, loaded, strict=False)))
                stored_bytes = sum(map(size_of, artefacts.values()))
                await stack.enter_async_context(
                    self._acceptance.quota.reserve(origin, stored_bytes)
                )
                await self._acceptance.store_pictures(artefacts)
            saved = SavedPicture(
                key=keys[0],
                filename=source.filename,
                spoiler=source.spoiler,
                size=loaded[0].size,
                place=source.place,
                stored_bytes=stored_bytes,
                is_borrowed=_is_borrowed(source),
            )
            try:
                yield saved, None if mask is None else replace(mask, key=keys[1])
            except (DiscordError, Refusal):
                await self._acceptance.delete_pictures(artefacts)
                raise

    @asynccontextmanager
    async def fetch(
        self, source: PictureSource, *, member_id: int
    ) -> AsyncIterator[tuple[ArtefactSource, bytes]]:
        """Load and check a member's picture that belongs to no job; the block stores it.

        Returns:
            The picture as the member sent it, and a reduced copy, encoded (WebP).

        Raises:
            PictureRefused: the picture cannot be used.
            LimitReached: the disk is nearly full.
        """
        await self._acceptance.check_disk()
        async with self._slots.slot(member_id), self._uploads.open_request() as files:
            picture = await self._loader.load(source, member_id=member_id, files=files)
            if picture.preview is None:
                raise AssertionError("every new picture has a preview")
            yield picture.source, picture.preview

    @property
    def quota(self) -> StorageQuota:
        """Limits what is stored without being painted."""
        return self._acceptance.quota

    async def _find_presets(self, request: JobRequest) -> list[PresetInfo]:
        """Look up the request's presets and check the number of styles.

        Raises:
            RequestRefused: there is no such preset, or there are too many styles.
        """
        presets, guild_id = [], request.origin.guild_id
        for name in request.presets:
            preset = await self._presets.get(name, guild_id=guild_id)
            if preset is None:
                raise RequestRefused(
                    RequestProblem.UNKNOWN_PRESET,
                    detail=name,
                    suggestion=await self._presets.nearest(name, guild_id=guild_id),
                )
            presets.append(preset)
        styles = len(request.styles) + len(presets)
        if styles > MAX_STYLES:
            raise RequestRefused(RequestProblem.TOO_MANY_PICTURES, detail=str(styles))
        return presets

    def _build_recipe(self, request: JobRequest, presets: Sequence[PresetInfo]) -> Recipe:
        """Apply the presets' changes, then the member's, then a default size.

        Raises:
            RequestRefused: an option is unknown or its value is invalid.
        """
        changes: dict[str, Any] = {}
        for preset in presets:
            changes |= preset.recipe_changes
        changes |= request.options
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
                    suggestion=f"at most {largest} pixels",
                )
        except RecipeError as error:
            is_known = error.field in {field.name for field in dataclasses.fields(Recipe)}
            raise RequestRefused(
                RequestProblem.BAD_OPTION_VALUE if is_known else RequestProblem.UNKNOWN_OPTION,
                detail=error.field,
                suggestion=error.expected,
            ) from error
        return recipe

    async def _enqueue(
        self,
        request: JobRequest,
        recipe: Recipe,
        interpretation: Interpretation,
        content: LoadedPicture,
        styles: Sequence[LoadedPicture],
        *,
        mask: LoadedPicture | None,
    ) -> Job:
        """Store the pictures under the new job's keys and enqueue the job."""
        job_id = new_job_id()
        # The same mask applies to every style; where it is black, the content stays unchanged.
        masks = {mask_key(job_id, 0): mask} if mask is not None else {}
        new = NewJob(
            job_id=job_id,
            origin=request.origin,
            content_key=content_key(job_id),
            style_keys=tuple(style_key(job_id, index) for index in range(len(styles))),
            content_size=content.size,
            recipe=recipe,
            preset=request.presets[0] if len(request.presets) == 1 else None,
            title=request.title or interpretation.title(),
            interpretation=interpretation,
            mask_keys=tuple(masks) * len(styles),
            spoiler=any(source.spoiler for source in (request.content, *request.styles)),
            request_key=request.request_key,
            priority=request.priority,
            notify=request.notify,
        )
        pictures = dict(zip((new.content_key, *new.style_keys), (content, *styles), strict=True))
        return await self._acceptance.accept(new, _artefacts_of(pictures | masks))


def _check_content(content: LoadedPicture, *, filename: str) -> None:
    """Check that there is something to repaint. A style may well be a single colour.

    Raises:
        PictureRefused: the picture is of a single colour.
    """
    if content.is_single_color:
        raise PictureRefused(PictureProblem.SINGLE_COLOR, filename=filename)


def _artefacts_of(pictures: Mapping[str, LoadedPicture]) -> dict[str, ArtefactSource]:
    """Return the artefacts of these pictures by key: each picture, then the previews."""
    artefacts = {key: picture.source for key, picture in pictures.items()}
    for key, picture in pictures.items():
        if picture.preview is not None:
            artefacts[preview_key(key)] = picture.preview
    return artefacts


def _is_borrowed(source: PictureSource | SavedPicture) -> bool:
    return isinstance(source, SavedPicture) and source.is_borrowed


def _interpretation(
    request: JobRequest,
    presets: Sequence[PresetInfo],
    content: LoadedPicture,
    styles: Sequence[LoadedPicture],
) -> Interpretation:
    """Record which picture is used as what, with the sizes that are known."""
    style_inputs = [
        InputImage(
            name=source.filename,
            place=source.place,
            size=picture.size,
            is_borrowed=_is_borrowed(source),
        )
        for source, picture in zip(request.styles, styles, strict=False)
    ]
    style_inputs += [InputImage(name=preset.title, place=InputSource.PRESET) for preset in presets]
    mask = request.mask
    return Interpretation(
        content=InputImage(
            name=request.content.filename,
            place=request.content.place,
            size=content.size,
            is_borrowed=_is_borrowed(request.content),
        ),
        styles=tuple(style_inputs),
        mask=None
        if mask is None
        else InputImage(name=mask.filename, place=mask.place, is_borrowed=_is_borrowed(mask)),
        order=request.order,
    )
