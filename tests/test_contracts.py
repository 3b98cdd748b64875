"""What holds for the whole source: which imports are allowed, how long a file and a function may be."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "hotswap_tui").rglob("*.py"))
EVERYTHING = SOURCES + sorted((ROOT / "tests").rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 50
BANNED_NAMES = {"utils", "util", "helpers", "helper", "common", "manager", "misc"}
SCREEN = {"textual", "plotext", "rich"}
WITHOUT_SCREEN = (
    *(
        "core",
        "probes",
        "routing",
        "engine",
        "config",
        "dsn",
        "gateway",
        "api",
        "notify",
        "service",
        "drill",
        "doctor",
        "pool",
        "sync",
    ),
    "cli.main",
)


def modules(room: str) -> list[str]:
    """Name every module of a room, or the one module that it is."""
    path = ROOT / "hotswap_tui" / Path(*room.split("."))
    files = sorted(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
    return [".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for file in files]


@pytest.mark.parametrize("room", WITHOUT_SCREEN)
def test_a_room_below_the_screen_is_imported_without_it(room):
    """Each room works where textual and plotext are not wanted, a headless service for one."""
    program = (
        f"import sys, {', '.join(modules(room))}\nprint(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    )
    found = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
    assert not SCREEN & set(found.stdout.split())


@pytest.mark.parametrize("path", EVERYTHING, ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path):
    """A file is split before 400 lines, a function fits a screen."""
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    too_long = [node.name for node in functions if (node.end_lineno or 0) - node.lineno + 1 > LONGEST_FUNCTION]
    assert too_long == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_modules_have_telling_names_and_modern_annotations(path):
    """A module is named after what is in it."""
    assert path.stem.strip("_") not in BANNED_NAMES
    text = path.read_text(encoding="utf-8")
    assert not text.strip() or path.name == "__init__.py" or "from __future__ import annotations" in text


@pytest.mark.parametrize("path", [path for path in SOURCES if "core" in path.parts], ids=lambda path: path.stem)
def test_the_core_reads_no_clock(path):
    """Time is an argument; datetime is there to write it down only."""
    attributes = (
        node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Attribute)
    )
    assert not {"now", "today", "utcnow"} & {node.attr for node in attributes}
