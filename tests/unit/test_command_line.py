"""The help of the command line, and the errors it prints."""

from __future__ import annotations

import sys

import pytest

from bot.__main__ import main
from bot.playground.__main__ import main as run_playground_command
from stylenet.cli import main as paint_command


@pytest.mark.parametrize(
    ("typed", "named"),
    [("/usr/bin/stylebot", "stylebot"), ("/site-packages/bot/__main__.py", "python -m bot")],
)
def test_help_names_the_command_as_it_was_typed(monkeypatch, capsys, typed, named):
    monkeypatch.setattr(sys, "argv", [typed])
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: {named} [-h] command")


@pytest.mark.parametrize(
    ("typed", "named"),
    [("/bin/stylenet", "stylenet"), ("/packages/stylenet/__main__.py", "python -m stylenet")],
)
def test_the_librarys_help_names_the_command_as_it_was_typed(monkeypatch, capsys, typed, named):
    monkeypatch.setattr(sys, "argv", [typed])
    with pytest.raises(SystemExit, match="0"):
        paint_command(["paint", "--help"])
    assert capsys.readouterr().out.startswith(f"usage: {named} paint [-h]")


def test_a_wrong_setting_is_named_by_its_variable(monkeypatch, capsys):
    monkeypatch.setenv("STYLEBOT_SIZE", "7")
    assert main(["check"]) == 2
    assert "stylebot: STYLEBOT_SIZE:" in capsys.readouterr().err


def test_a_settings_file_that_is_no_text_is_reported_in_a_line(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".env").write_bytes(b"STYLEBOT_PREFIX=\xff\xfe\n")
    assert main(["check"]) == 2
    assert "the file .env cannot be read" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--port", "99999"], "argument --port"),
        (["--port", "-1"], "argument --port"),
        (["--timeout", "nan"], "argument --timeout"),
        (["--timeout", "0"], "argument --timeout"),
    ],
)
def test_a_number_that_the_demo_cannot_use_is_named(capsys, options, named):
    with pytest.raises(SystemExit, match="2"):
        main(["demo", *options])
    assert named in capsys.readouterr().err


def test_the_demo_says_before_it_paints_that_it_cannot_write(capsys, tmp_path):
    (tmp_path / "file").write_text("text")
    out = tmp_path / "file" / "out"
    assert main(["demo", "--once", "--out", str(out)]) == 1
    shown = "".join(capsys.readouterr().out.split())
    assert f"Thedemostopped:cannotwriteto{out}:Notadirectory" in shown


def test_the_playground_names_a_port_that_does_not_exist(capsys):
    assert run_playground_command(["--port", "99999"]) == 1
    assert "port must be 0-65535" in capsys.readouterr().err
