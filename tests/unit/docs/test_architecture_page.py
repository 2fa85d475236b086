import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "architecture.md"
PICTURE = ROOT / "docs" / "architecture.svg"
SVG = "{http://www.w3.org/2000/svg}"

NAMED = sorted(set(re.findall(r"`((?:infra|policies|apps|sandbox|tests)(?:/[\w./]+)?)`", PAGE.read_text())))


def test_the_page_names_folders():
    assert len(NAMED) > 10


@pytest.mark.parametrize("path", NAMED)
def test_every_folder_the_page_names_is_there(path: str):
    assert (ROOT / path).exists()


def test_every_link_of_the_page_leads_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", PAGE.read_text()):
        assert target.startswith("https://") or (PAGE.parent / target).exists(), target


def test_the_picture_needs_nothing_from_outside_and_can_be_read_aloud():
    root = ET.parse(PICTURE).getroot()
    assert root.find(f"{SVG}title") is not None
    assert root.find(f"{SVG}desc") is not None
    assert not list(root.iter(f"{SVG}image"))
    assert "url(http" not in PICTURE.read_text()


def test_every_text_of_the_picture_stays_inside_it():
    root = ET.parse(PICTURE).getroot()
    _, _, width, height = (float(number) for number in root.attrib["viewBox"].split())
    for text in root.iter(f"{SVG}text"):
        assert 0 < float(text.attrib["x"]) < width
        assert 0 < float(text.attrib["y"]) < height
