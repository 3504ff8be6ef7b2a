"""What is asked of every figure: text within the picture, texts that do not touch."""

import itertools

from matplotlib.text import Text

from reports.figures.style import styled


def texts_of(figure):
    """Every text that prints, drawn once so that places are known."""
    with styled():
        figure.canvas.draw()
    return [t for t in figure.findobj(Text) if t.get_visible() and t.get_text().strip()]


def words_of(figure):
    return [text.get_text() for text in texts_of(figure)]


def outside(figure):
    """Texts that reach over the edge of the picture, by more than half a pixel."""
    renderer = figure.canvas.get_renderer()
    edge = figure.bbox
    return [
        text.get_text()
        for text in texts_of(figure)
        if (box := text.get_window_extent(renderer)).x0 < edge.x0 - 0.5
        or box.y0 < edge.y0 - 0.5
        or box.x1 > edge.x1 + 0.5
        or box.y1 > edge.y1 + 0.5
    ]


def touching(figure):
    """Pairs of texts that overlap by more than a pixel each way."""
    renderer = figure.canvas.get_renderer()
    boxes = [(t.get_text(), t.get_window_extent(renderer)) for t in texts_of(figure)]
    return [
        (first, second)
        for (first, a), (second, b) in itertools.combinations(boxes, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]
