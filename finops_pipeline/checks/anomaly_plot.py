"""A small plot for a check's page: a series' last weeks, the band on the day that left it. SVG in a data URI.

Dagster's Markdown keeps images whose source is such a URI, and loads none from elsewhere.
"""

import base64
from collections.abc import Sequence

WIDTH, HEIGHT, MARGIN = 480, 120, 14


def plot(costs: Sequence[float | None], position: int, band: tuple[float, float] | None) -> str:
    """Markdown of an image: a line through `costs`, the day at `position` marked, the band around it.

    A day without a row is a gap in the line; what is new has no band.
    """
    known = [cost for cost in costs if cost is not None]
    low, high = min([*known, *(band or ()), 0.0]), max([*known, *(band or ()), 1.0])
    step = (WIDTH - 2 * MARGIN) / max(1, len(costs) - 1)

    def x(day: int) -> float:
        return MARGIN + day * step

    def y(cost: float) -> float:
        return HEIGHT - MARGIN - (cost - low) / (high - low) * (HEIGHT - 2 * MARGIN)

    pieces: list[list[str]] = [[]]
    for day, cost in enumerate(costs):
        if cost is None:
            pieces.append([])
        else:
            pieces[-1].append(f"{x(day):.1f},{y(cost):.1f}")
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
    day = costs[position]
    mark = f'<circle cx="{x(position):.1f}" cy="{y(day or 0.0):.1f}" r="4" fill="#e03131"/>'
    image = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{HEIGHT}">'
        f"{likely}{lines}{mark}"
        f'<text x="{MARGIN}" y="11" font-size="10" font-family="sans-serif" fill="#868e96">{high:,.0f}</text></svg>'
    )
    return f"![the last weeks](data:image/svg+xml;base64,{base64.b64encode(image.encode()).decode()})"
