"""The entrances to the bot, and the acts behind each of them.

Shared by the matrix of the policy and by the test that drives each entrance. A command, a context
menu entry or a component without a row here fails both.
"""

from __future__ import annotations

from enum import StrEnum

from discord import AppCommandType

from bot.exts.backend.policy import Act
from bot.views.components.routes import ROUTES

KINDS = {
    AppCommandType.chat_input: "/",
    AppCommandType.user: "user menu ",
    AppCommandType.message: "menu ",
}

COMMANDS = {
    "!again": {Act.REPEAT_JOB, Act.MAKE_REQUEST},
    "!cancel": {Act.CANCEL_JOB, Act.LIST_JOB},
    "!drain": {Act.OPERATE_BOT},
    "!gallery": {Act.SHOW_RESULT},
    "!help": {Act.READ_HELP},
    "!pause": {Act.OPERATE_BOT},
    "!presets": {Act.READ_HELP},
    "!privacy": {Act.USE_PRIVACY_MESSAGE},
    "!queue": {Act.LIST_JOB},
    "!resume": {Act.OPERATE_BOT},
    "!settings": {Act.CHANGE_SETTINGS},
    "!style": {Act.SEE_PRESETS, Act.MAKE_REQUEST},
    "!style add": {Act.MANAGE_PRESETS},
    "!style list": {Act.SEE_PRESETS},
    "!style remove": {Act.MANAGE_PRESETS},
    "!style show": {Act.SEE_PRESETS},
    "!stylize": {Act.MAKE_REQUEST},
    "!sync": {Act.OPERATE_BOT},
    "/again": {Act.REPEAT_JOB, Act.MAKE_REQUEST},
    "/cancel": {Act.CANCEL_JOB, Act.LIST_JOB},
    "/gallery": {Act.SHOW_RESULT},
    "/help": {Act.READ_HELP},
    "/presets": {Act.READ_HELP},
    "/privacy": {Act.USE_PRIVACY_MESSAGE},
    "/queue": {Act.LIST_JOB},
    "/settings": {Act.CHANGE_SETTINGS},
    "/style": {Act.SEE_PRESETS},
    "/style add": {Act.MANAGE_PRESETS},
    "/style list": {Act.SEE_PRESETS},
    "/style remove": {Act.MANAGE_PRESETS},
    "/style show": {Act.SEE_PRESETS},
    "/stylize": {Act.MAKE_REQUEST},
    "menu Stylize": {Act.MAKE_REQUEST},
}
SUGGESTIONS = "correct without frame avatar preset leave two blend retry stylize help"
UPLOAD_FORMS = ("content", "both", "style", "mask")
COMPONENTS = {
    **dict.fromkeys(
        [
            f"job:{{job_id}}:{action}"
            for action in (
                "again",
                "restyle",
                "style",
                "content",
                "keep",
                "recolour",
                "larger",
                "twice",
                "smaller",
                "strength",
            )
        ],
        frozenset({Act.REPEAT_JOB, Act.MAKE_REQUEST}),
    ),
    "job:{job_id}:cancel": {Act.CANCEL_JOB},
    "job:{job_id}:notify": {Act.TOGGLE_NOTICE},
    "job:{job_id}:delete": {Act.DELETE_JOB},
    "job:{job_id}:details": {Act.INSPECT_JOB},
    "job:{job_id}:favourite": {Act.KEEP_FAVOURITE},
    "job:{job_id}:post": {Act.POST_TIMELAPSE, Act.MAKE_REQUEST},
    "job:{job_id}:timelapse": {Act.INSPECT_JOB},
    "job:{job_id}:swap": {Act.SWAP_JOB},
    "picker:choose": {Act.USE_PICKER},
    "picker:take:{preset}": {Act.USE_PICKER},
    "picker:page:{page}": {Act.USE_PICKER},
    **dict.fromkeys(
        [f"offer:{{suggestion_id}}:{suggestion}" for suggestion in SUGGESTIONS.split()],
        frozenset({Act.USE_SUGGESTION}),
    ),
    **dict.fromkeys(
        [f"offer:{{suggestion_id}}:{form}:{{owner_id}}:upload" for form in UPLOAD_FORMS],
        frozenset({Act.USE_SUGGESTION}),
    ),
    "form:{suggestion_id}": {Act.USE_SUGGESTION},
    "ask:{preset}": {Act.MAKE_REQUEST},
    "form:new": {Act.MAKE_REQUEST},
    "form:new:{preset}": {Act.MAKE_REQUEST},
    "gallery:newer:{opened_by}.{subject}.{page}": {Act.TURN_GALLERY_PAGE, Act.SHOW_RESULT},
    "gallery:older:{opened_by}.{subject}.{page}": {Act.TURN_GALLERY_PAGE, Act.SHOW_RESULT},
    "gallery:view:{opened_by}.{subject}.{page}.all:{words}": {
        Act.TURN_GALLERY_PAGE,
        Act.SHOW_RESULT,
    },
    "gallery:view:{opened_by}.{subject}.{page}.fav:{words}": {
        Act.TURN_GALLERY_PAGE,
        Act.SHOW_RESULT,
    },
    "gallery:open:{opened_by}": {Act.TURN_GALLERY_PAGE, Act.SHOW_RESULT},
    "gallery:search:{opened_by}.{subject}": {Act.TURN_GALLERY_PAGE},
    "form:gallery:{opened_by}.{subject}": {Act.TURN_GALLERY_PAGE, Act.SHOW_RESULT},
    "styles:ask:{name}": {Act.MANAGE_PRESETS},
    "styles:remove:{name}": {Act.MANAGE_PRESETS},
    "styles:keep:{name}": {Act.MANAGE_PRESETS},
    **dict.fromkeys(
        [
            f"privacy:{action}:{{member_id}}"
            for action in ("export", "ask", "forget", "erase", "keep")
        ],
        frozenset({Act.USE_PRIVACY_MESSAGE}),
    ),
    "rules:channels": {Act.CHANGE_SETTINGS},
    "rules:role": {Act.CHANGE_SETTINGS},
    "rules:channels:reset": {Act.CHANGE_SETTINGS},
    "rules:role:reset": {Act.CHANGE_SETTINGS},
    "rules:prefix": {Act.CHANGE_SETTINGS},
    "rules:prefix:reset": {Act.CHANGE_SETTINGS},
    "rules:everywhere:": {Act.CHANGE_SETTINGS},
    "rules:norole:": {Act.CHANGE_SETTINGS},
}
OTHER_ENTRANCES = {
    "a message that mentions the bot": {Act.MAKE_REQUEST},
    "a reaction to a picker": {Act.USE_PICKER},
}


def commands(bot):
    """Every command of a client, and every entry of its context menus."""
    found = {f"!{command.qualified_name}" for command in bot.walk_commands()}
    for kind, sign in KINDS.items():
        found |= {f"{sign}{each.qualified_name}" for each in bot.tree.walk_commands(type=kind)}
    return found


def components():
    """Every kind of custom_id; a field that chooses an action is spelt out."""
    for route in ROUTES:
        kinds = [route.template]
        for name, field in route.fields.items():
            if isinstance(field.parse, type) and issubclass(field.parse, StrEnum):
                spelt = [value for value in field.parse if _fits(field.pattern, value)]
                kinds = [k.replace(f"{{{name}}}", value) for k in kinds for value in spelt]
        yield from kinds


def _fits(pattern, value):
    return value.value in pattern.replace("\\", "").split("|")
