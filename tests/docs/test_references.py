"""What the documents and the contributor configuration refer to exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.supported_python import supported_versions

ROOT = Path(__file__).parents[2]
DOCUMENTS = [path.relative_to(ROOT).as_posix() for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))]
TREES = r"\.ci|\.github|adapters|benchmarks|docs|domain|entrypoints|tests|tools|verification"
PATH = re.compile(rf"`((?:{TREES})/[\w./-]*)`")
LINK = re.compile(r"\]\((?!https?:)([^)#]*)#?([^)]*)\)")
HEADING = re.compile("^#+ (.*)$", re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """The fragments that GitHub gives to the headings of a page."""
    headings = HEADING.findall(page.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_in_a_document_exists(document: str) -> None:
    missing = [
        path for path in PATH.findall((ROOT / document).read_text(encoding="utf-8")) if not (ROOT / path).exists()
    ]

    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_relative_link_leads_to_a_file_and_a_heading(document: str) -> None:
    page = ROOT / document

    for path, heading in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / path if path else page
        assert target.exists()
        assert not heading or heading in anchors(target)


def test_every_decision_is_in_the_index() -> None:
    pages = {path.name for path in (ROOT / "docs" / "adr").glob("[0-9]*.md")}

    index = (ROOT / "docs" / "adr" / "README.md").read_text(encoding="utf-8")
    assert {path for path, _ in LINK.findall(index)} == pages


def test_pre_commit_runs_the_locked_tools() -> None:
    configuration = (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8")

    assert re.findall("repo: (.*)", configuration) == ["local"]
    assert all(entry.startswith(".venv/bin/") for entry in re.findall("entry: (.*)", configuration))


def test_the_workflow_tests_every_supported_python() -> None:
    workflow = (ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8")
    (matrix,) = re.findall(r"python: \[(.*)\]", workflow)

    assert [version.strip('" ') for version in matrix.split(",")] == supported_versions()
