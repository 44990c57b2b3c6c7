"""``resume``: go on with a painting that was interrupted."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from stylenet.cli.painting_request import PaintingRequest
from stylenet.cli.painting_run import REQUEST_NAME, STATE_NAME, run_painting
from stylenet.cli.picture_files import file_error
from stylenet.errors import CheckpointError

if TYPE_CHECKING:
    import argparse

__all__ = ["add_parser"]


def add_parser(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
) -> argparse.ArgumentParser:
    """Add the command to the command line."""
    parser = commands.add_parser("resume", help="go on with a painting that was interrupted")
    parser.add_argument("checkpoint", type=Path, help="the .checkpoint file beside its picture")
    parser.add_argument("--json", action="store_true", help="report in JSON, one line per event")
    parser.set_defaults(run=_resume)
    return parser


def _resume(options: argparse.Namespace) -> int:
    request, state = _read_checkpoint(options.checkpoint)
    return run_painting(request, request.read_pictures(), as_json=options.json, resume=state)


def _read_checkpoint(path: Path) -> tuple[PaintingRequest, bytes]:
    """Return the request and the state of its painting.

    Raises:
        ValueError: the file cannot be read, is damaged or something else; the message names it.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            text, state = archive.read(REQUEST_NAME), archive.read(STATE_NAME)
        return PaintingRequest.from_json(text.decode()), state
    except CheckpointError as error:
        msg = f"{path}: {error}"
        raise ValueError(msg) from error
    except OSError as error:
        raise file_error(path, error) from error
    except (zipfile.BadZipFile, KeyError, UnicodeDecodeError) as error:
        msg = f"{path}: damaged, or no checkpoint"
        raise ValueError(msg) from error
