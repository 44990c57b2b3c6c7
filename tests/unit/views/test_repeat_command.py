"""The command that paints a picture again, read by the command line's own parser."""

from __future__ import annotations

import shlex

import pytest

from bot.jobs.job_inputs import InputImage, InputSource, Interpretation
from bot.views.job_titles import list_title, plain_list_title
from bot.views.repeat_command import LONGEST_COMMAND, input_files, repeat_command
from stylenet.cli import command_line, recipes_command
from stylenet.recipe import Recipe

PRESET = InputSource.PRESET


@pytest.fixture
def make_painted(make_job):
    """A job with these inputs; a style that starts with a star is a preset."""

    def make(content, *styles, mask=None, **changes):
        inputs = [
            InputImage(
                name=style.lstrip("*"), place=PRESET if style[0] == "*" else InputSource.ATTACHED
            )
            for style in styles
        ]
        keys = tuple(f"jobs/0123456789ab/style-{index}" for index in range(len(styles)))
        interpretation = Interpretation(
            content=InputImage(name=content, place=InputSource.ATTACHED),
            styles=tuple(inputs),
            mask=None if mask is None else InputImage(name=mask, place=InputSource.ATTACHED),
        )
        masks = ("jobs/0123456789ab/mask-0",) * len(styles) if mask is not None else ()
        return make_job(
            style_keys=keys,
            mask_keys=masks,
            interpretation=interpretation,
            title=interpretation.title(),
            **changes,
        )

    return make


def parsed(job):
    words = shlex.split(repeat_command(job).replace("\\\n", " "))
    assert words[:3] == ["python", "-m", "stylenet"]
    return command_line._parser().parse_args(words[3:])


@pytest.mark.parametrize(
    ("content", "styles", "mask", "files"),
    [
        ("a.png", ["b.png"], None, ["a.png", "b.png"]),
        ("a × b.png", ["c + d.png"], None, ["a × b.png", "c + d.png"]),
        ("my holiday.jpg", ["it's.png"], None, ["my holiday.jpg", "it's.png"]),
        ("image.png", ["image.png"], "image.png", ["image.png", "image-2.png"]),
        ("-x.png", ["--out.png"], None, ["-x.png", "--out.png"]),
        ("a.png", ["*Stained glass", "*Neon"], None, ["a.png", "stained-glass.webp", "neon.webp"]),
        ("a.png", ["b.png", "*Neon"], "mask.png", ["a.png", "b.png", "neon.webp"]),
        ("recipe.json", ["$(reboot).png"], None, ["recipe-2.json", "$(reboot).png"]),
    ],
)
def test_the_command_line_reads_the_files_that_were_used(
    make_painted, content, styles, mask, files
):
    job = make_painted(content, *styles, mask=mask)
    options = parsed(job)
    assert [str(options.content), *map(str, options.style)] == files
    assert len(options.mask) == (len(styles) if mask else 0)
    assert not {str(each) for each in options.mask} & set(files)


def test_running_the_command_uses_the_same_recipe(make_painted, tmp_path, monkeypatch):
    recipe = Recipe.named("fine").evolve(
        blend=(2, 1), seed=7, size=321, keep_colors=True, style_weight=123.5
    )
    job = make_painted("a.png", "*Starlight", "*Neon", recipe=recipe, start_key="jobs/b/start")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "recipe.json").write_text(job.recipe.to_json(), encoding="utf-8")
    options = parsed(job)
    assert recipes_command.load_recipe(options.recipe) == recipe
    changes = ("size", "seed", "passes", "blend", "style_weight", "keep_colors", "style_scale")
    assert all(getattr(options, field) is None for field in changes)
    assert str(options.start) == "start.png"
    names = [name for name, _ in input_files(job).enclosed]
    assert names == ["starlight.webp", "neon.webp", "start.png"]


def test_long_names_are_replaced_so_that_the_command_fits(make_painted):
    job = make_painted(
        "x" * 250 + ".png", *[letter * 250 + ".png" for letter in "abc"], mask="m.png"
    )
    assert len(repeat_command(job)) < LONGEST_COMMAND
    assert list(map(str, parsed(job).style)) == ["style-1.png", "style-2.png", "style-3.png"]


def test_a_job_of_which_only_the_title_is_known_has_general_names(make_job):
    options = parsed(make_job(title="a × b × c"))
    assert [str(options.content), *map(str, options.style)] == ["content.png", "style-1.png"]


def test_lists_tell_variations_apart(make_painted):
    base = Recipe.named("default").evolve(size=384)
    changes = [
        {},
        {"seed": 5},
        {"style_weight": 2500},
        {"style_weight": 400},
        {"size": 768},
        {"keep_colors": True},
        {"style_scale": 2},
    ]
    jobs = [make_painted("x.jpg", "*Woodcut", recipe=base.evolve(**each)) for each in changes]
    titles = [list_title(job) for job in jobs]
    assert len(set(titles)) == len(titles)
    assert titles[0] == "x × Woodcut · 384 px"
    assert titles[1] == "x × Woodcut · 384 px · seed 5"
    long = make_painted("y" * 200 + ".jpg", "*Woodcut", recipe=base.evolve(seed=5))
    assert len(plain_list_title(long, limit=85)) == 85
    assert plain_list_title(long, limit=85).endswith("seed 5")
