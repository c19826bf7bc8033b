"""Plots as SVG: lines on logarithmic axes, a legend, light and dark, and the machine's name below. Written by hand, so that
there is nothing to install.

A runtime keeps its color in all plots, and one with several threads is dashed; a mark of its own tells it where colors do not.
"""
import math
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 440
LEFT, RIGHT, TOP, BOTTOM = 78, 200, 52, 84      # the margins; the legend is in the right one

# Colors as on a light and on a dark page.
KINDS = {
    "rt": ("#bf3989", "#f778ba", "circle"),
    "tokio": ("#0969da", "#58a6ff", "square"),
    "asio": ("#1a7f37", "#3fb950", "triangle"),
    "epoll": ("#57606a", "#8d96a0", "diamond"),
    "smol": ("#9a6700", "#d29922", "diamond"),
}
PREFIXES = ((1e6, "M"), (1e3, "k"))


@dataclass(frozen=True)
class Plot:
    title: str
    across: str                 # what the x axis is
    up: str                     # what the y axis is, with its unit
    lines: dict                 # name: [(x, y), …], both above 0


def ticks(low: float, high: float) -> list:
    """1, 2 and 5 of each decade, or the decades alone where there are many."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    steps = (1, 2, 5) if last - first <= 3 else (1,)
    return [step * 10.0**power for power in range(first, last + 1) for step in steps
            if low / 1.001 <= step * 10.0**power <= high * 1.001]


def bounds(values: list) -> tuple:
    """Marks of the axis below and above them all, a decade apart at least: a small difference is to look small."""
    low, high = min(values), max(values)
    if high < 10 * low:
        middle = math.sqrt(low * high)
        low, high = min(low, middle / math.sqrt(10)), max(high, middle * math.sqrt(10))
    marks = [step * 10.0**power for power in range(math.floor(math.log10(low)) - 1, math.ceil(math.log10(high)) + 2)
             for step in (1, 2, 5)]
    return max(mark for mark in marks if mark <= low * 1.001), min(mark for mark in marks if mark >= high / 1.001)


def number(value: float) -> str:
    """1, 20, 5 k, 1 M; 0.5"""
    for size, prefix in PREFIXES:
        if value >= size:
            return f"{value / size:g} {prefix}"
    return f"{value:g}"


def kind_of(name: str) -> str:
    """The runtime of a column: rt for `rt multi_thread:2`, epoll for `epoll_level`."""
    return name.split()[0].split("_")[0]


def is_dashed(name: str) -> bool:
    return "multi_thread" in name


def mark(kind: str, x: float, y: float) -> str:
    shape = KINDS[kind][2]
    at = f'class="{kind} full"'
    if shape == "circle":
        return f'<circle {at} cx="{x:.1f}" cy="{y:.1f}" r="4"/>'
    if shape == "square":
        return f'<rect {at} x="{x - 3.5:.1f}" y="{y - 3.5:.1f}" width="7" height="7"/>'
    if shape == "triangle":
        return f'<path {at} d="M{x:.1f} {y - 5:.1f} l5 9 h-10 z"/>'
    return f'<path {at} d="M{x:.1f} {y - 5:.1f} l5 5 l-5 5 l-5 -5 z"/>'


def style() -> str:
    def rules(shade: int) -> str:
        text, faint, grid = (("#24292f", "#57606a", "#d0d7de"), ("#e6edf3", "#8d96a0", "#3d444d"))[shade]
        lines = [f".text {{ fill: {text} }} .faint {{ fill: {faint} }} .grid {{ stroke: {grid} }}"]
        for name, colors in KINDS.items():
            lines.append(f".{name} {{ stroke: {colors[shade]} }} .{name}.full {{ fill: {colors[shade]} }}")
        return "\n      ".join(lines)
    return (f"  <style>\n      {rules(0)}\n      .line {{ fill: none; stroke-width: 2 }} .dashed {{ stroke-dasharray: 6 4 }}\n"
            f"      @media (prefers-color-scheme: dark) {{\n      {rules(1)}\n      }}\n  </style>")


def describe(plot: Plot) -> str:
    """For those who cannot see it: where each line begins and ends."""
    ends = [f"{name} from {line[0][1]:.3g} at {number(line[0][0])} to {line[-1][1]:.3g} at {number(line[-1][0])}"
            for name, line in plot.lines.items() if line]
    return f"{plot.up}, by {plot.across}, both axes logarithmic: {'; '.join(ends)}."


def svg(plot: Plot, caption: str) -> str:
    """The picture; `caption` says where and when it was measured, in one or two lines."""
    points = [point for line in plot.lines.values() for point in line]
    if not points:
        raise ValueError(f"there is nothing to plot for '{plot.title}'")
    left, right = min(x for x, _ in points), max(x for x, _ in points)
    low, high = bounds([y for _, y in points])
    wide, tall = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at_x(x: float) -> float:
        return LEFT + (wide * math.log(x / left) / math.log(right / left) if right > left else wide / 2)

    def at_y(y: float) -> float:
        return TOP + tall * (1 - math.log(y / low) / math.log(high / low))

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t d" '
           'font-family="system-ui, sans-serif" font-size="13">',
           f'  <title id="t">{escape(plot.title)}</title>', f'  <desc id="d">{escape(describe(plot))}</desc>', style(),
           f'  <text class="text" x="{LEFT}" y="24" font-size="16" font-weight="600">{escape(plot.title)}</text>',
           f'  <text class="faint" x="{LEFT}" y="42">{escape(plot.up)}</text>']
    for y in ticks(low, high):
        out.append(f'  <path class="grid" d="M{LEFT} {at_y(y):.1f} h{wide}"/>'
                   f'<text class="text" x="{LEFT - 8}" y="{at_y(y) + 4:.1f}" text-anchor="end">{number(y)}</text>')
    for x in ticks(left, right):
        out.append(f'  <path class="grid" d="M{at_x(x):.1f} {TOP} v{tall}"/>'
                   f'<text class="text" x="{at_x(x):.1f}" y="{TOP + tall + 18}" text-anchor="middle">{number(x)}</text>')
    out.append(f'  <text class="text" x="{LEFT + wide / 2:.1f}" y="{TOP + tall + 38}" text-anchor="middle">'
               f'{escape(plot.across)}</text>')
    for row, (name, line) in enumerate((name, line) for name, line in plot.lines.items() if line):
        kind, dashed = kind_of(name), " dashed" if is_dashed(name) else ""
        path = " L".join(f"{at_x(x):.1f} {at_y(y):.1f}" for x, y in line)
        out.append(f'  <path class="line {kind}{dashed}" d="M{path}"/>' + "".join(mark(kind, at_x(x), at_y(y)) for x, y in line))
        place = TOP + 10 + 22 * row
        out.append(f'  <path class="line {kind}{dashed}" d="M{WIDTH - RIGHT + 14} {place} h30"/>'
                   + mark(kind, WIDTH - RIGHT + 29, place)
                   + f'<text class="text" x="{WIDTH - RIGHT + 50}" y="{place + 4}">{escape(name)}</text>')
    for row, words in enumerate(caption.split("\n")):
        out.append(f'  <text class="faint" x="{LEFT}" y="{HEIGHT - 22 + 15 * row}" font-size="11">{escape(words)}</text>')
    return "\n".join([*out, "</svg>", ""])
