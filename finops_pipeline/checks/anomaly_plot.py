"""A small plot for a check's page: a series' last weeks, the band on the day that left it. SVG in a data URI.

Dagster's Markdown keeps images whose source is such a URI, and loads none from elsewhere.
"""

import base64
from collections.abc import Sequence
from datetime import date, timedelta

WIDTH, HEIGHT, MARGIN = 480, 130, 16


def plot(costs: Sequence[float | None], position: int, day: date, band: tuple[float, float] | None) -> str:
    """Markdown of an image: a line through `costs`, the one at `position`, of `day`, marked, the band around it.

    A day without a row is a gap in the line; what is new has no band.
    """
    known = [cost for cost in costs if cost is not None]
    low, high = min([*known, *(band or ()), 0.0]), max([*known, *(band or ()), 1.0])
    step = (WIDTH - 2 * MARGIN) / max(1, len(costs) - 1)

    def x(number: int) -> float:
        return MARGIN + number * step

    def y(cost: float) -> float:
        return HEIGHT - MARGIN - (cost - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    pieces: list[list[str]] = [[]]
    for number, cost in enumerate(costs):
        if cost is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{x(number):.1f},{y(cost):.1f}")
    lines = "".join(
        f'<polyline points="{" ".join(piece)}" fill="none" stroke="#3b5bdb" stroke-width="1.5"/>'
        for piece in pieces
        if piece
    )
    likely = ""
    if band:
        bottom, top = y(band[0]), y(band[1])
        likely = (
            f'<rect x="{MARGIN}" y="{top:.1f}" width="{WIDTH - 2 * MARGIN}" height="{max(1.0, bottom - top):.1f}" '
            'fill="#d0ebff"/>'
        )
    mark = f'<circle cx="{x(position):.1f}" cy="{y(costs[position] or 0.0):.1f}" r="4" fill="#e03131"/>'
    first, last = (day + timedelta(number - position) for number in (0, len(costs) - 1))
    bottom_line = HEIGHT - 2
    texts = (
        f'<text x="{MARGIN}" y="11">{high:,.0f}</text><text x="{MARGIN}" y="{bottom_line}">{first}</text>'
        f'<text x="{WIDTH - MARGIN}" y="{bottom_line}" text-anchor="end">{last}</text>'
    )
    image = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f"{likely}{lines}{mark}"
        f'<g font-size="10" font-family="sans-serif" fill="#868e96">{texts}</g></svg>'
    )
    return f"![the last weeks](data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()})"
