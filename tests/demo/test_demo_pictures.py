"""A screenshot looks the same in every viewer: nothing in it depends on a font's widths or on another host."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from rich.console import Console

from hotswap_tui.demo.picture_file import cell_exact

SVG = "{http://www.w3.org/2000/svg}"
SCREENSHOTS = sorted((Path(__file__).parents[2] / "screenshots").glob("*.svg"))


def drawn(text):
    """Return words with their column and width in cells, and the boxes of all shapes, of a one-line screen."""
    console = Console(record=True, width=40, file=io.StringIO())
    console.print(text, markup=False, highlight=False)
    root = ET.fromstring(cell_exact(console.export_svg(title="t")))  # noqa: S314 - made here
    words = {
        node.text: (float(node.attrib["x"]) / 12.2, float(node.attrib["textLength"]) / 12.2)
        for node in root.iter(f"{SVG}text")
        if "textLength" in node.attrib
    }
    boxes = [
        [float(n) for n in numbers]
        for path in root.iter(f"{SVG}path")
        for numbers in re.findall(r"M([\d.]+) ([\d.]+)h([\d.]+)v([\d.]+)", path.attrib["d"])
    ]
    return words, boxes


def test_every_word_stands_in_its_cells():
    words, boxes = drawn("  up <&>  1.5 ✗")
    assert {word: (round(x, 1), round(width, 1)) for word, (x, width) in words.items()} == {
        "up": (2, 2),
        "<&>": (5, 3),
        "1.5": (10, 3),
        "✗": (14, 1),
    }
    assert boxes == []


@pytest.mark.parametrize(("sign", "count"), [("⠁", 1), ("⣿", 8), ("█", 1), ("▁", 1), ("─", 2), ("┤", 3), ("┼", 4)])
def test_what_touches_its_neighbour_is_a_shape_within_its_cell(sign, count):
    words, boxes = drawn(f"ab{sign}")
    assert list(words) == ["ab"]
    assert len(boxes) == count
    assert all(x >= 24.4 and x + width <= 36.7 for x, _, width, _ in boxes)
    assert all(y >= 1.4 and y + height <= 26.0 for _, y, _, height in boxes)


def test_shapes_after_wide_characters_keep_their_column():
    _, boxes = drawn("漢字█")
    assert boxes[0][0] == pytest.approx(4 * 12.2)


@pytest.mark.parametrize("path", SCREENSHOTS, ids=lambda path: path.stem)
def test_the_screenshots_load_nothing_from_elsewhere(path):
    text = path.read_text(encoding="utf-8")
    assert "url(" not in text.replace("url(#", "")
    assert not re.search(r"/(home|root|work|tmp)/", text)
