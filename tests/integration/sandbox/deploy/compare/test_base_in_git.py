import shutil
from pathlib import Path

import pytest

from sandbox.deploy.compare.checkout import declared_keys, git_environment, read_checkout
from sandbox.errors import ConfigurationError
from tests.support.checkouts import commit, git, repository, write

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A branch with two commits more than main, and main with one more than the branch."""
    root = repository(tmp_path_factory.mktemp("git") / "shop")
    git(root, "checkout", "--quiet", "-b", "feature")
    commit(root, "Add a queue", {"infra/__main__.py": "1"})
    commit(root, "Name it", {"infra/__main__.py": "2"})
    git(root, "checkout", "--quiet", "main")
    commit(root, "Meanwhile", {"other": "1"})
    git(root, "checkout", "--quiet", "feature")
    return root


def test_the_change_declares_itself_by_the_subjects_of_its_commits(shop: Path) -> None:
    checkout = read_checkout(shop, "main")
    assert checkout.subjects == ("Name it", "Add a queue")
    assert (checkout.missing, checkout.dirty) == (1, False)
    assert checkout.here == f"commit {git(shop, 'rev-parse', 'feature')[:12]}"
    assert checkout.base_commit == git(shop, "rev-parse", "main")


def test_changes_that_are_not_committed_are_said(tmp_path: Path) -> None:
    root = repository(tmp_path / "shop")
    write(root, {"new.py": "1"})
    assert read_checkout(root, "main").here.startswith("working tree, with uncommitted changes on ")


def test_a_project_inside_a_larger_repository_is_found_in_the_base_as_well(tmp_path: Path) -> None:
    root = repository(tmp_path / "mono")
    commit(root, "Nest", {"teams/shop/Pulumi.yaml": "name: nested\n"})
    assert read_checkout(root / "teams" / "shop", "main").inside.as_posix() == "teams/shop"


def test_the_remote_branch_stands_in_for_one_that_is_not_here(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--branch", "feature", str(shop), "clone")
    checkout = read_checkout(tmp_path / "clone", "main")
    assert (checkout.base, checkout.base_commit) == ("origin/main", git(shop, "rev-parse", "main"))


def test_an_unknown_ref_is_refused_with_those_that_are_here(shop: Path) -> None:
    with pytest.raises(
        ConfigurationError, match=r"no ref 'mian'.*--base mian.*git fetch origin mian, or name one"
    ) as caught:
        read_checkout(shop, "mian")
    assert caught.value.exit_code == 2
    assert "feature, main" in str(caught.value)


def test_a_shallow_clone_without_the_base_is_told_how_to_get_it(shop: Path, tmp_path: Path) -> None:
    git(tmp_path, "clone", "--quiet", "--depth=1", "--branch", "feature", f"file://{shop}", "clone")
    with pytest.raises(ConfigurationError, match=r"this clone is shallow.*git fetch --depth=1 origin main:"):
        read_checkout(tmp_path / "clone", "main")


@pytest.mark.parametrize("ref", ["", "-x", "--output=/etc/passwd", "a b", "a\nb"])
def test_what_is_no_name_of_a_ref_never_reaches_git(shop: Path, ref: str) -> None:
    with pytest.raises(ConfigurationError, match="is no name of a git ref"):
        read_checkout(shop, ref)


def test_a_folder_that_is_no_checkout_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(ConfigurationError, match=r"no git checkout.*clone the repository with git"):
        read_checkout(tmp_path, "main")


def test_a_repository_without_a_commit_is_refused(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    with pytest.raises(ConfigurationError, match="there is no ref 'main'"):
        read_checkout(tmp_path, "main")


def test_a_machine_without_git_is_told_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ConfigurationError, match="there is no git on PATH"):
        read_checkout(tmp_path, "main")


def test_the_environment_of_a_hook_does_not_point_git_elsewhere(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    assert not {"GIT_DIR", "GIT_INDEX_FILE"} & git_environment().keys()
    assert read_checkout(shop, "main").subjects


def test_changed_keys_of_configuration_and_catalog_are_named_to_the_second_step(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    write(
        old,
        {
            "Pulumi.prod.yaml": "config: {a: {x: 1}, b: 1}",
            "catalog/topics.yaml": "topics: {audit: {n: 1}}",
            "catalog/gone.yaml": "a: 1",
        },
    )
    write(
        new,
        {
            "Pulumi.prod.yaml": "config: {a: {x: 2}, b: 1}",
            "catalog/topics.yaml": "topics: {audit: {n: 2}, new: {}}",
            "catalog/bad.yaml": "a: [",
        },
    )
    found = declared_keys(old, new, {"configuration": Path("Pulumi.prod.yaml"), "catalog": Path("catalog")})
    assert found == [
        "Pulumi.prod.yaml: config.a",
        "bad.yaml (new)",
        "gone.yaml (deleted)",
        "topics.yaml: topics.audit",
        "topics.yaml: topics.new",
    ]


def test_a_file_that_is_no_yaml_is_named_as_a_whole(tmp_path: Path) -> None:
    write(tmp_path, {"old/c.yaml": "a: 1", "new/c.yaml": "a: ["})
    assert declared_keys(tmp_path / "old", tmp_path / "new", {"catalog": Path()}) == ["c.yaml"]
