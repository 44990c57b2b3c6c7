"""The command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import stylenet
import stylenet.api
from stylenet.cli import main
from stylenet.errors import DivergedError
from stylenet.features import reduced as reduced_network
from stylenet.recipe import RECIPES, Recipe


@pytest.fixture
def files(tmp_path, content, style):
    content.save(tmp_path / "content.png")
    style.save(tmp_path / "style.jpg")
    return tmp_path


def paint(files, *options):
    pictures = [str(files / name) for name in ("content.png", "style.jpg")]
    out = str(files / "out.png")
    return main(["paint", *pictures, "-o", out, "--device", "cpu", "--force", *options])


def test_the_cookbook_writes_snapshots_and_prints_generations(files, capsys):
    assert paint(files, "--recipe", "cookbook", "--passes", "26", "--size", "32") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("Generation 25 out of 25, loss: ")
    assert lines[-1].startswith("Painted in 25 generations, 26.5 passes")
    names = sorted(path.name for path in files.glob("out*"))
    assert names == ["out-0000.png", "out-0025.png", "out.png"]
    with Image.open(files / "out.png") as image:
        assert image.size == (32, 24)


def test_json_reports_passes_seconds_and_each_loss(files, capsys):
    assert paint(files, "--json", "--passes", "4", "--no-snapshots") == 0
    facts = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [fact["event"] for fact in facts[:-1]] == ["progress"] * (len(facts) - 1)
    report = facts[-1]
    assert report["event"] == "painting"
    assert report["passes"] <= 4.6
    assert report["seconds"] > 0
    losses = report["losses"]
    assert losses["total"] == pytest.approx(sum(losses.values()) - losses["total"])
    assert [path.name for path in files.glob("out*")] == ["out.png"]


def test_options_reach_the_recipe(files):
    assert (
        paint(files, "--passes", "1", "--style-weight", "0", "--keep-colors", "--size", "48") == 0
    )
    with Image.open(files / "out.png") as image:
        assert image.size == (48, 36)
    assert paint(files, "--recipe", "cookbook", "--passes", "1", "--seed", "1") == 0
    first = np.asarray(Image.open(files / "out.png"))
    assert paint(files, "--recipe", "cookbook", "--passes", "1", "--seed", "2") == 0
    assert (first != np.asarray(Image.open(files / "out.png"))).any()


def test_several_styles_masks_and_weights(files, content):
    mask = Image.new("L", (64, 48))
    mask.paste(255, (0, 0, 24, 48))
    mask.save(files / "mask.png")
    content.rotate(90).save(files / "other.png")
    other, out = str(files / "other.png"), str(files / "out.png")
    with pytest.raises(SystemExit):
        paint(files, "--blend", "one")

    def pixels(*options):
        options = ("-o", out, "--force", "--passes", "2", "--no-snapshots", *options)
        pictures = [str(files / name) for name in ("content.png", "style.jpg")]
        assert main(["paint", *pictures, other, *options]) == 0
        return np.asarray(Image.open(out)).astype(int)

    original = np.asarray(content).astype(int)
    given = str(files / "mask.png")
    masked = pixels("--mask", given, "--mask", given)
    np.testing.assert_array_equal(masked[:, 30:], original[:, 30:])
    assert np.abs(masked[:, :20] - original[:, :20]).mean() > 5
    everywhere = pixels("--mask", given)  # the other style takes the rest
    assert np.abs(everywhere[:, 30:] - original[:, 30:]).mean() > 5
    same = pixels("--mask", "-", "--mask", given)
    assert np.abs(same - everywhere).mean() > 2
    assert np.abs(pixels("--blend", "1", "9") - pixels("--blend", "9", "1")).mean() > 2

    assert main(["paint", str(files / "content.png"), other, "--blend", "1", "2"]) == 1
    Image.new("L", (8, 8)).save(files / "mask.png")
    assert paint(files, "--mask", given) == 1


def test_a_start_picture(files, style):
    start = files / "start.png"
    style.save(start)
    assert paint(files, "--start", str(start), "--passes", "1") == 0
    expected = style.resize((64, 48), Image.Resampling.LANCZOS)
    with Image.open(files / "out-0000.png") as image:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected))


@pytest.mark.parametrize("suffix", [".webp", ".jpg"])
def test_the_output_name_sets_the_format_and_folder(files, suffix):
    out = files / "new" / f"painting{suffix}"
    assert paint(files, "-o", str(out), "--passes", "1") == 0
    with Image.open(out) as image:
        assert image.size == (64, 48)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--size", "4"], "size"),
        (["--seed", "-1"], "seed"),
        (["--passes", "0"], "passes"),
        (["--device", "cuda:99"], "device"),
        (["--recipe", "nonsense"], "one of default"),
        (["-o", "out.txt"], "must end in"),
        (["--weights", "nowhere.mat"], "nowhere.mat"),
        (["--recipe", "nowhere.json"], "nowhere.json: No such file"),
        (["--mask", "nowhere.png"], "nowhere.png: No such file"),
        (["--start", "nowhere.png"], "nowhere.png: No such file"),
        (["--blend", "1", "2"], "one per style picture"),
        (["--memory-limit", "1"], "even in tiles"),
    ],
)
def test_failures_are_one_line(files, capsys, options, message):
    assert paint(files, *options) == 1
    error = capsys.readouterr().err
    assert error.startswith("stylenet: ")
    assert message in error
    assert error.count("\n") == 1
    assert not (files / "out.png").exists()


def test_an_unexpected_error_is_one_line_unless_debugging(files, capsys, monkeypatch):
    def fail(*_, **__):
        raise TypeError("two\nlines")

    monkeypatch.setattr("stylenet.api.paint", fail)
    assert paint(files) == 70
    error = capsys.readouterr().err
    assert error == ("stylenet: unexpected TypeError: two lines (--debug shows the traceback)\n")
    with pytest.raises(TypeError, match="two"):
        paint(files, "--debug")


def test_an_interruption_is_one_line(files, capsys, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("stylenet.api.paint", interrupt)
    assert paint(files) == 130
    assert capsys.readouterr().err == "stylenet: interrupted\n"


@pytest.mark.parametrize(
    ("out", "message"),
    [("content.png/out.png", "content.png is not a folder"), ("folder.png", "is a folder")],
)
def test_an_unwritable_output_is_found_before_painting(files, capsys, monkeypatch, out, message):
    (files / "folder.png").mkdir()
    monkeypatch.setattr("stylenet.api.paint", lambda *_, **__: pytest.fail("it painted"))
    assert paint(files, "-o", str(files / out)) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"stylenet: {files / out}: ")
    assert message in error
    assert error.count("\n") == 1


def diverge(*_, **__):
    raise DivergedError(1)


def test_a_check_of_the_output_leaves_nothing_behind(files, monkeypatch):
    out = files / "out.png"
    out.write_bytes(b"an earlier result")
    monkeypatch.setattr("stylenet.api.paint", diverge)
    assert paint(files) == 1
    assert out.read_bytes() == b"an earlier result"
    assert not list(files.glob(".out*"))


def test_a_picture_of_one_pixel_is_refused_in_a_sentence(files, capsys):
    Image.new("RGB", (1, 1), "red").save(files / "content.png")
    assert paint(files) == 1
    assert capsys.readouterr().err == (
        "stylenet: the picture has 1×1 pixels; a side must have at least 16\n"
    )
    assert paint(files, "--size", "16", "--passes", "2") == 0


def test_a_style_of_one_pixel_is_painted(files):
    Image.new("RGB", (1, 1), "red").save(files / "style.jpg")
    assert paint(files, "--passes", "3") == 0


@pytest.mark.parametrize("value", ["nan", "inf", "0", "-5", "much"])
def test_a_memory_limit_is_a_number_of_mebibytes(files, capsys, value):
    with pytest.raises(SystemExit) as caught:
        paint(files, "--memory-limit", value)
    assert caught.value.code == 2
    assert "--memory-limit" in capsys.readouterr().err


def test_other_recipes_take_steps(files, capsys):
    assert paint(files, "--passes", "7") == 0
    *_, shown, result = capsys.readouterr().out.splitlines()
    assert shown.startswith("Step ")
    assert " steps, " in result


def test_pictures_that_cannot_be_read_are_named(files, capsys):
    (files / "style.jpg").write_text("text")
    assert paint(files) == 1
    assert "style.jpg: not a picture" in capsys.readouterr().err
    (files / "style.jpg").unlink()
    assert paint(files) == 1
    assert "style.jpg: No such file" in capsys.readouterr().err


def test_wrong_use_is_one_line_and_exits_with_two(capsys):
    for arguments in ([], ["paint"], ["paint", "a", "b", "--precision", "nonsense"]):
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2
        assert capsys.readouterr().err.count("\n") == 1


def test_as_a_module():
    done = subprocess.run(
        [sys.executable, "-m", "stylenet", "paint", "--help"],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0
    assert "--recipe" in done.stdout


@pytest.mark.parametrize("option", ["passes", "coarsest", "style_weight", "tv_weight"])
def test_the_help_shows_the_default_recipes_values(capsys, option):
    with pytest.raises(SystemExit):
        main(["paint", "--help"])
    text = " ".join(capsys.readouterr().out.split())
    described = text.split(f"--{option.replace('_', '-')} ")[-1].split(" --")[0]
    assert f"default: {getattr(Recipe.named('default'), option):g}" in described


def test_weights_are_shown_and_their_reduced_network_is_made_ready(weights, capsys, monkeypatch):
    prepared = []
    monkeypatch.setattr(
        reduced_network, "load_reduced", lambda given: prepared.append(given.fingerprint())
    )
    assert main(["weights"]) == 0
    assert weights.fingerprint() in capsys.readouterr().out
    assert prepared == [weights.fingerprint()]


def test_weights_that_cannot_be_used_are_one_line(tmp_path, capsys):
    assert main(["weights", "--weights", str(tmp_path / "none.mat")]) == 1
    assert "none.mat" in capsys.readouterr().err


@pytest.mark.parametrize(("given", "expected"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_torchs_threads_sleep_while_they_wait_unless_told_otherwise(
    tmp_path, monkeypatch, given, expected
):
    monkeypatch.setenv("OMP_WAIT_POLICY", "")
    monkeypatch.delenv("OMP_WAIT_POLICY")
    if given is not None:
        monkeypatch.setenv("OMP_WAIT_POLICY", given)
    assert main(["paint", str(tmp_path / "missing.png"), str(tmp_path / "missing.jpg")]) == 1
    assert os.environ["OMP_WAIT_POLICY"] == expected


def test_earlier_pictures_are_not_overwritten_unless_forced(files, capsys, monkeypatch):
    monkeypatch.setattr("stylenet.api.paint", lambda *_, **__: pytest.fail("it painted"))
    arguments = ["paint", str(files / "content.png"), str(files / "style.jpg")]
    for earlier in ("out.png", "out-0003.png"):
        (files / earlier).write_bytes(b"an earlier result")
        assert main([*arguments, "-o", str(files / "out.png")]) == 1
        assert f"{earlier} exists; --force overwrites it" in capsys.readouterr().err
        (files / earlier).unlink()


def repeat(files, suffix=".png", *options, content="content.png"):
    painting = str(files / f"out{suffix}")
    inputs = ["--content", str(files / content), "--style", str(files / "style.jpg")]
    return main(["again", painting, *inputs, "--device", "cpu", *options])


@pytest.mark.parametrize("suffix", [".png", ".webp", ".jpg"])
def test_a_painting_is_repeated_from_its_own_file(files, suffix, capsys):
    out = files / f"out{suffix}"
    options = ["--passes", "2", "--seed", "5", "--size", "40", "--no-snapshots", "-o", str(out)]
    assert paint(files, *options) == 0
    assert repeat(files, suffix) == 0
    assert (files / f"out-again{suffix}").read_bytes() == out.read_bytes()
    assert repeat(files, suffix) == 1
    assert "exists; --force" in capsys.readouterr().err


def test_a_painting_is_not_repeated_from_other_pictures_unless_asked(files, content, capsys):
    assert paint(files, "--passes", "1", "--no-snapshots") == 0
    content.rotate(90).save(files / "other.png")
    assert repeat(files, content="other.png") == 1
    assert "other.png: not the picture that was used" in capsys.readouterr().err
    assert repeat(files, ".png", "--start", str(files / "other.png")) == 1
    assert "painted with 0 × --start, not 1" in capsys.readouterr().err
    assert repeat(files, ".png", "--other-pictures", content="other.png") == 0


def test_a_picture_without_a_recipe_cannot_be_repeated(files, content, capsys):
    content.save(files / "out.png")
    assert repeat(files) == 1
    assert "out.png: holds no recipe" in capsys.readouterr().err


def test_an_interrupted_painting_is_kept_and_resumed(files, capsys, monkeypatch):
    options = ("--passes", "4", "--size", "48", "--no-snapshots")
    assert paint(files, *options) == 0
    whole = (files / "out.png").read_bytes()
    painted = stylenet.api.paint

    def press_ctrl_c(*arguments, **options):
        for event in painted(*arguments, **options):
            yield event
            if isinstance(event, stylenet.Progress) and event.step == 3:
                signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("stylenet.api.paint", press_ctrl_c)
    assert paint(files, *options) == 130
    checkpoint = files / "out.png.checkpoint"
    error = capsys.readouterr().err
    assert f"interrupted after step 3; to go on: python -m stylenet resume {checkpoint}" in error
    with Image.open(files / "out.png") as unfinished:
        assert unfinished.size == (48, 36)
    monkeypatch.undo()
    assert main(["resume", str(checkpoint)]) == 0
    assert (files / "out.png").read_bytes() == whole
    assert not checkpoint.exists()


@pytest.mark.parametrize("data", [b"text", b"PK\x05\x06" + bytes(18), None])
def test_what_is_no_checkpoint_is_named(files, capsys, data):
    checkpoint = files / "out.checkpoint"
    if data is not None:
        checkpoint.write_bytes(data)
    assert main(["resume", str(checkpoint)]) == 1
    error = capsys.readouterr().err
    assert error.startswith(f"stylenet: {checkpoint}: ")
    assert error.count("\n") == 1


def test_recipes_are_listed_and_shown(files, capsys):
    assert main(["recipes"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == list(RECIPES)
    assert main(["recipes", "fine"]) == 0
    shown = capsys.readouterr().out
    assert "* passes             40.0" in shown
    assert "  seed               0" in shown
    assert main(["recipes", "fine", "--json"]) == 0
    (files / "fine.json").write_text(capsys.readouterr().out)
    assert main(["recipes", str(files / "fine.json"), "--json"]) == 0
    assert Recipe.from_json(capsys.readouterr().out) == Recipe.named("fine")
    assert main(["recipes", "--json"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == list(RECIPES)
    assert main(["recipes", "nonsense"]) == 1
