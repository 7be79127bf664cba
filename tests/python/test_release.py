"""What a release takes: one version, workflows that name what exists, a whole archive."""

import importlib.util
import re
import tarfile
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml

import scalewidgets as sw


@pytest.fixture(scope="module")
def audit(root: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", root / "tests/release/audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_version_is_told_once_and_repeated_right(root: Path) -> None:
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert citation["version"] == sw.__version__
    assert 'dynamic = ["version"]' in (root / "pyproject.toml").read_text()


def test_the_changelog_knows_the_version(root: Path) -> None:
    text = (root / "CHANGELOG.md").read_text()
    headings = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert headings[0] in ("Unreleased", sw.__version__)
    assert len(set(headings)) == len(headings)
    citation = yaml.safe_load((root / "CITATION.cff").read_text())
    assert f"## [{sw.__version__}] - {citation['date-released']}" in text


def commands(workflow: dict[str, Any]) -> list[str]:
    return [
        step["run"] for job in workflow["jobs"].values() for step in job["steps"] if "run" in step
    ]


@pytest.mark.parametrize("name", ["ci", "release"])
def test_workflows_call_targets_that_exist(root: Path, name: str) -> None:
    workflow = yaml.safe_load((root / f".github/workflows/{name}.yml").read_text())
    targets = set(re.findall(r"^([\w-]+):", (root / "Makefile").read_text(), re.MULTILINE))
    called = [word for run in commands(workflow) for word in re.findall(r"make (\w+)", run)]
    assert called
    assert set(called) <= targets
    assert workflow["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("name", ["ci", "release"])
def test_actions_are_pinned_to_a_commit_and_keep_no_rights(root: Path, name: str) -> None:
    text = (root / f".github/workflows/{name}.yml").read_text()
    used = re.findall(r"uses: (.*)", text)
    assert used
    for action in used:
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", action)
    assert text.count("persist-credentials: false") == text.count("actions/checkout@")
    for job in yaml.safe_load(text)["jobs"].values():
        assert job["timeout-minutes"] <= 90
        rights = job.get("permissions", {"contents": "read"})
        assert rights in ({"contents": "read"}, {"id-token": "write"})


def test_only_a_tag_publishes_and_only_what_was_built(root: Path) -> None:
    release = yaml.safe_load((root / ".github/workflows/release.yml").read_text())
    assert release[True] == {"push": {"tags": ["v*"]}}  # YAML's reading of `on`
    build, publish = release["jobs"]["build"], release["jobs"]["publish"]
    assert (publish["needs"], publish["environment"]) == ("build", "release")
    assert not [step for step in publish["steps"] if "run" in step]
    (sent,) = [step["with"] for step in build["steps"] if "upload" in step.get("uses", "")]
    (taken,) = [step["with"] for step in publish["steps"] if "download" in step["uses"]]
    assert sent == taken == {"name": "dist", "path": "dist/"}


def test_publishing_needs_no_token(root: Path) -> None:
    text = (root / ".github/workflows/release.yml").read_text()
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in text


@pytest.mark.slow
def test_the_source_archive_is_whole(root: Path) -> None:
    """The one that `make test` made the wheel of; elsewhere that of the last build, if any."""
    archives = list((root / "dist").glob("*.tar.gz"))
    if not archives:
        pytest.skip("no source archive: `make dist` builds it")
    with tarfile.open(archives[0]) as opened:
        held = {name.partition("/")[2] for name in opened.getnames()}
    assert {"pyproject.toml", "LICENSE", "README.md", "CHANGELOG.md"} < held
    assert {"scalewidgets/static/lab.js", "scalewidgets/__init__.py"} < held
    assert not {name for name in held if name.startswith(("js/", "tests/", "notebooks/", "."))} - {
        ".gitignore"
    }


# --- known holes ----------------------------------------------------------------------------------


def test_holes_are_counted(audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    told = {
        "npm": {"metadata": {}, "vulnerabilities": {"left-pad": {}}},
        "pip": {
            "dependencies": [
                {"name": "good", "version": "1", "vulns": []},
                {"name": "bad", "version": "2", "vulns": [{"id": "X"}]},
            ]
        },
    }
    monkeypatch.setattr(
        audit, "answer", lambda command, _: told["npm" if command[0] == "npm" else "pip"]
    )
    assert audit.main() == 1
    assert capsys.readouterr().out == "pip audit: bad 2\nnpm audit: left-pad\n"


@pytest.mark.parametrize(
    "said",
    [None, {"message": "405", "dependencies": [{"name": "a", "skip_reason": "not found"}]}],
)
def test_a_registry_that_does_not_answer_is_passed_over(
    audit: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: Any, said: Any
) -> None:
    monkeypatch.setattr(audit, "answer", lambda *_: said)
    assert audit.main() == 0
    assert capsys.readouterr().out.count("no answer, passed over") == 2
