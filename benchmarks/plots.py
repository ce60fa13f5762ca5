"""Line plots as SVG for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

WIDTH, HEIGHT = 720, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 28, 40, 48
COLOURS = ("#1b6ac9", "#c2410c", "#15803d", "#7e22ce")
STYLE = """
text { font: 13px system-ui, sans-serif; fill: #1f2937; } .title { font-weight: 600; font-size: 15px; }
line { stroke: #d1d5db; } polyline { fill: none; stroke-width: 2; }
@media (prefers-color-scheme: dark) { text { fill: #e5e7eb; } line { stroke: #4b5563; } }
"""

Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Plot:
    """Each of `lines` has a name and points (x, y) in ascending order of x."""

    title: str
    x: str
    y: str
    lines: Mapping[str, Points]
    y_from: float = 0.0
    logarithmic: bool = False
    """Whether the x axis is logarithmic."""

    def svg(self) -> str:
        """The image; its title is the text for screen readers."""
        parts = "\n".join(self._parts())
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n<style>{STYLE}</style>\n{parts}\n</svg>\n"
        )

    def _parts(self) -> Iterator[str]:
        yield _text(LEFT, 22, self.title, css="title")
        yield _text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, self.x, anchor="middle")
        for value in _steps(self.y_from, self._highest()):
            y = self._y(value)
            yield f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
            yield _text(LEFT - 8, y + 4, f"{value:g}", anchor="end")
        yield _text(8, TOP - 2, self.y, anchor="start")
        for value in self._marks():
            yield _text(self._x(value), HEIGHT - BOTTOM + 18, f"{value:g}", anchor="middle")
        for (name, points), colour in zip(self.lines.items(), COLOURS, strict=False):
            path = " ".join(f"{self._x(x):.1f},{self._y(y):.1f}" for x, y in points)
            yield f'<polyline points="{path}" stroke="{colour}"/>'
            yield from (
                f'<circle cx="{self._x(x):.1f}" cy="{self._y(y):.1f}" r="3" fill="{colour}"/>' for x, y in points
            )
            yield from self._legend(name, colour)

    def _legend(self, name: str, colour: str) -> Iterator[str]:
        place = list(self.lines).index(name)
        width = min(170.0, (WIDTH - LEFT - RIGHT) / len(self.lines))
        x = WIDTH - RIGHT - width * (len(self.lines) - place)
        yield f'<circle cx="{x}" cy="{TOP - 6}" r="4" fill="{colour}"/>'
        yield _text(x + 10, TOP - 2, name)

    def _marks(self) -> Sequence[float]:
        values = sorted({x for points in self.lines.values() for x, _ in points})
        kept: list[float] = []
        # As many as are readable.
        for value in values:
            if not kept or self._x(value) - self._x(kept[-1]) >= 36:
                kept.append(value)
        return kept

    def _highest(self) -> float:
        return max(y for points in self.lines.values() for _, y in points)

    def _x(self, value: float) -> float:
        scale = math.log10 if self.logarithmic else float
        values = [x for points in self.lines.values() for x, _ in points]
        low, high = scale(min(values)), scale(max(values))
        return LEFT + (WIDTH - LEFT - RIGHT) * (scale(value) - low) / ((high - low) or 1)

    def _y(self, value: float) -> float:
        steps = _steps(self.y_from, self._highest())
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM - 8) * (value - steps[0]) / (steps[-1] - steps[0])


def _steps(low: float, high: float) -> list[float]:
    """Four to eight round numbers from `low` to `high`."""
    span = (high - low) or 1.0
    unit = 10.0 ** math.floor(math.log10(span))
    step = next(unit * factor for factor in (0.1, 0.2, 0.25, 0.5, 1, 2) if span / (unit * factor) <= 7)
    return [low + number * step for number in range(math.ceil(span / step - 1e-9) + 1)]


def _text(x: float, y: float, text: str, *, anchor: str = "start", css: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{css}">{escape(text)}</text>'
