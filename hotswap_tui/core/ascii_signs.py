"""What stands for our signs where there is ASCII only: one character each, so that nothing moves."""

from __future__ import annotations

from typing import Final

SIGNS: Final = str.maketrans(
    {
        "●": "+", "○": "o", "▲": "!", "✗": "x", "×": "x", "▶": ">", "✓": "+", "·": ".", "…": "~", "→": ">", "←": "<",
        "↕": "|", "↑": "^", "↓": "v", "─": "-", "│": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "┤": "+", "—": "-", "≤": "<",
        "–": "-", "▁": "_", "▂": "_", "▃": "-", "▄": "-", "▅": "=", "▆": "=", "▇": "#", "█": "#",
    }
)  # fmt: skip
