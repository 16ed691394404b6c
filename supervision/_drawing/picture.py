"""`save_picture`: what is drawn on a screen, as an SVG that needs nothing else.

The text stays text, every letter has its place, and no font is fetched.
"""

from __future__ import annotations

import io
from pathlib import Path

from rich.console import Console, RenderableType
from rich.terminal_theme import TerminalTheme

_THEME = TerminalTheme(
    (13, 17, 23),
    (214, 221, 228),
    [
        (33, 38, 45),
        (255, 107, 102),
        (74, 201, 109),
        (230, 184, 70),
        (94, 166, 255),
        (205, 130, 240),
        (66, 205, 220),
        (214, 221, 228),
    ],
    [
        (110, 118, 129),
        (255, 150, 145),
        (120, 230, 150),
        (245, 210, 120),
        (140, 195, 255),
        (225, 170, 250),
        (120, 230, 240),
        (255, 255, 255),
    ],
)

_FORMAT = """\
<svg class="screen" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{
  font-family: "DejaVu Sans Mono", Menlo, Consolas, "Liberation Mono", monospace;
  font-size: {char_height}px;
  line-height: {line_height}px;
  font-variant-east-asian: full-width;
}}
.{unique_id}-title {{
  font-size: 18px;
  font-weight: bold;
  font-family: sans-serif;
}}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal">
<rect x="0" y="0" width="{terminal_width}" height="{terminal_height}" />
</clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" \
clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""


def save_picture(
    drawing: RenderableType, path: Path, width: int, height: int, title: str
) -> None:
    """Write a drawing as an SVG.

    The same drawing always makes the same file.

    Args:
        drawing: anything that `rich` draws.
        path: of the file; replaced if it is there.
        width: columns of the screen.
        height: its lines.
        title: written above it.

    Raises:
        OSError: the file cannot be written.
    """
    console = Console(
        record=True,
        width=width,
        height=height,
        file=io.StringIO(),
        force_terminal=True,
        color_system="truecolor",
        highlight=False,
        markup=False,
        emoji=False,
    )
    console.print(drawing)
    text = console.export_svg(
        title=title, theme=_THEME, code_format=_FORMAT, unique_id="screen"
    )
    path.write_text(text, encoding="utf-8")
