"""What the documents promise is true: commands, links, permissions, code."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import discord
import pytest
import yaml

from bot.jobs.models import JobState
from bot.ops.error_report import Where
from bot.ops.metrics import REGISTRY

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])
README = (ROOT / "README.md").read_text(encoding="utf-8")
MAKE_TARGETS = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if "://" not in target:
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page):
    named = re.findall(r"(?:^|`)make ([a-z]+)\b", page.read_text("utf-8"), re.MULTILINE)
    assert set(named) <= MAKE_TARGETS


def test_every_kind_of_request_has_its_test():
    tests = re.findall(
        r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs/requests.md").read_text("utf-8")
    )
    assert len(tests) >= 50
    for path, name in tests:
        assert f"def {name}(" in (ROOT / path).read_text("utf-8"), f"{path} has no {name}"


def test_readme_names_the_two_commands():
    assert "```sh\nmake demo\n```" in README
    assert "```sh\nmake test\n```" in README


def test_invitation_asks_for_exactly_the_permissions_it_names():
    asked = discord.Permissions(int(re.search(r"permissions=(\d+)", README)[1]))
    assert asked == discord.Permissions(
        view_channel=True,
        send_messages=True,
        send_messages_in_threads=True,
        embed_links=True,
        attach_files=True,
        read_message_history=True,
        add_reactions=True,
    )


def test_python_in_the_readme_is_python_and_imports_what_exists():
    import stylenet

    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                assert node.value.id != "stylenet" or node.attr in stylenet.__all__


async def test_the_list_of_commands_is_the_one_the_code_gives(tmp_path):
    from bot.app import describe_commands
    from bot.settings import Settings

    page = await describe_commands(Settings(_env_file=None, data_dir=tmp_path))
    documented = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert documented.strip() == page, "run: python -m bot commands > docs/commands.md"


ARCHITECTURE = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
TASKS = {
    "a built-in preset",
    "a loss term",
    "a recipe option, end to end",
    "a command",
    "a button that works forever",
    "an executor",
    "a guild setting",
    "a language",
    "a file type",
    "a migration",
}
MOST_FILES = 5


def test_architecture_names_every_package():
    for package in (ROOT / "bot").iterdir():
        if package.is_dir() and not package.name.startswith("_"):
            assert f"`bot/{package.name}/`" in ARCHITECTURE, f"{package.name} is missing"


def test_architecture_names_files_that_exist():
    for path in re.findall(r"`((?:bot|stylenet|docs|tests)/[\w./]+)`", ARCHITECTURE):
        assert (ROOT / path).exists(), f"there is no {path}"


def test_architecture_names_the_top_modules_that_are_free_of_torch():
    stated = re.search(r"modules at its top \((.*?)\) except `api`", ARCHITECTURE, re.DOTALL)[1]
    top = {path.stem for path in (ROOT / "stylenet").glob("*.py") if path.stem[0] != "_"}
    assert set(re.findall(r"`(\w+)`", stated)) == top - {"api", "cli"}


def test_every_task_takes_few_files():
    section = ARCHITECTURE.split("## Where do I add …")[1].split("\n## ")[0]
    tasks = dict(re.findall(r"^### (.+?)\n(.*?)(?=^### |\Z)", section, re.DOTALL | re.MULTILINE))
    assert set(tasks) == TASKS
    for title, text in tasks.items():
        steps = re.findall(r"^\d+\. ", text, re.MULTILINE)
        assert len(steps) <= MOST_FILES, title
        assert re.search(r"`(?:bot|stylenet)/[\w./]+`", text), f"{title} names no file"


def test_the_threat_model_names_tests_that_exist():
    page = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert named
    for path, test in named:
        assert (ROOT / path).is_file(), f"there is no {path}"
        assert f"def {test}" in (ROOT / path).read_text(encoding="utf-8"), f"{path} has no {test}"


def test_the_glossary_gives_names_that_are_in_the_code():
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    names = set(re.findall(r"`([\w.]+)`", page))
    assert names
    assert not names - _names_in_the_code()


def test_quoted_log_lines_are_logged():
    """Each part between ellipses in the log column of the table of failures."""
    page = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    table = page.split("## When things fail")[1].split("\n\n")[2]
    rows = [row.split(" | ") for row in table.splitlines()[2:]]
    spans = [span for row in rows for span in re.findall(r"`([^`]+)`", row[2])]
    lines = [span for span in spans if " " in span]
    assert lines
    texts = "\n".join(_texts_in_the_code())
    for line in lines:
        for part in re.split(r"\s*…\s*", line):
            # The name of a retried action is filled in: "%s failed, next attempt".
            for words in [part] if part in texts else part.split(" failed, "):
                assert words in texts, f"nothing logs {words!r}"


def _modules():
    for package in ("bot", "stylenet"):
        for path in (ROOT / package).rglob("*.py"):
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _names_in_the_code():
    names = set()
    for path, tree in _modules():
        names.add(path.stem)
        for node in ast.walk(tree):
            names.update(getattr(node, each, None) for each in ("id", "attr", "name", "arg"))
    return names


def _texts_in_the_code():
    for _, tree in _modules():
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield node.value


def test_pins_are_versions_only():
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+]+", line), line


OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
RULES = [
    rule
    for group in yaml.safe_load((ROOT / "docs" / "alerts.yml").read_text("utf-8"))["groups"]
    for rule in group["rules"]
]


def metrics_of_the_code():
    """The exposed name of each metric of ours, with its labels."""
    found = {}
    for metric in {*REGISTRY._names_to_collectors.values()}:
        if getattr(metric, "_name", "").startswith("stylebot_"):
            suffix = {"counter": "_total", "info": "_info"}.get(metric._type, "")
            labels = metric._value if metric._type == "info" else metric._labelnames
            found[f"{metric._name}{suffix}"] = set(labels)
    return found


METRICS = metrics_of_the_code()
METRIC_ROW = re.compile(r"^\| `(stylebot_\w+)(?:\{([\w,]+)\})?` \| .+ \| (.+) \|$", re.MULTILINE)


def test_every_metric_has_a_line_for_operators_and_every_line_a_metric():
    rows = {
        name: set(filter(None, labels.split(",")))
        for name, labels, _ in METRIC_ROW.findall(OPERATIONS)
    }
    assert set(rows) == set(METRICS)
    assert all(
        labels == METRICS[name] for name, labels in rows.items() if not name.endswith("_info")
    )


def test_every_metric_has_the_alerts_that_its_line_names():
    alerts = {rule["alert"]: rule["expr"] for rule in RULES}
    assert len(alerts) == len(RULES)
    named = set()
    for metric, _, cell in METRIC_ROW.findall(OPERATIONS):
        of_metric = re.findall(r"`(\w+)`", cell)
        assert of_metric, f"{metric} has no alert"
        for alert in of_metric:
            assert metric in alerts[alert], f"{alert} does not read {metric}"
        named |= set(of_metric)
    assert named == set(alerts) - {"StylebotDown"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_is_well_formed_and_reads_metrics_that_exist(rule):
    assert set(rule) - {"for"} == {"alert", "expr", "labels", "annotations"}
    assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary"}
    expression = rule["expr"]
    for opening, closing in ("()", "[]", "{}"):
        assert expression.count(opening) == expression.count(closing)
    for name, matchers in re.findall(r"(stylebot_\w+)(?:\{(.*?)\})?", expression):
        metric = name if name in METRICS else re.sub(r"_(bucket|sum|count)$", "", name)
        assert metric in METRICS, name
        for label, value in re.findall(r'(\w+)(?:=|!=|=~|!~)"(.*?)"', matchers):
            assert label in METRICS[metric], f"{metric} has no label {label}"
            assert label != "state" or value in set(JobState)
    grouped = re.findall(r"by \((.+?)\)", expression)
    labels = {label.strip() for group in grouped for label in group.split(",")}
    known = set().union(*(METRICS[name] for name in METRICS if name in expression))
    assert labels - {"le", "instance"} <= known


def test_operators_read_which_parts_of_the_bot_count_errors():
    paragraph = OPERATIONS.split("`where` is one\nof")[1].split("\n\n")[0].replace("\n", " ")
    assert set(re.findall(r"`([a-z ]+)`", paragraph)) == {each.value for each in Where}
