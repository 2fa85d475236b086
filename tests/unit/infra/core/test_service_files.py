from pathlib import Path

import pytest

from infra.core.errors import ConfigurationError
from infra.stacks.files import read_definitions, service_tag


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    for name in ("apps/services/feed/app.py", "apps/libs/kit/log.py", "apps/services/other/app.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path


def test_a_change_of_the_service_changes_its_tag(checkout: Path):
    before = service_tag("feed", checkout)
    (checkout / "apps/services/feed/app.py").write_text("changed")
    assert service_tag("feed", checkout) != before


def test_a_change_of_a_library_changes_the_tag(checkout: Path):
    before = service_tag("feed", checkout)
    (checkout / "apps/libs/kit/log.py").write_text("changed")
    assert service_tag("feed", checkout) != before


def test_neither_another_service_nor_compiled_files_change_the_tag(checkout: Path):
    before = service_tag("feed", checkout)
    (checkout / "apps/services/other/app.py").write_text("changed")
    (checkout / "apps/services/feed/__pycache__").mkdir()
    (checkout / "apps/services/feed/__pycache__/app.cpython-311.pyc").write_bytes(b"x")
    (checkout / "apps/services/feed/.DS_Store").write_bytes(b"x")
    assert service_tag("feed", checkout) == before


def test_a_service_without_a_folder_is_refused(checkout: Path):
    with pytest.raises(ConfigurationError, match="Create apps/services/missing"):
        service_tag("missing", checkout)


def test_definitions_that_are_not_there_are_refused(checkout: Path):
    with pytest.raises(ConfigurationError, match=r"charts\.yaml: crds is nowhere\.json"):
        read_definitions(["nowhere.json"], checkout)
