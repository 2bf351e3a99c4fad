"""The legend: one entry for every signature that the map really uses."""

from dataclasses import dataclass

import numpy as np
import shapely

from cartography.arrows import arrow_heads, index_text
from cartography.compose import TREE_FILL, Map
from cartography.drawing import Areas, Discs, Drawing, Item, Layer, Lines
from cartography.furniture import grid_step
from cartography.labels import Label, label_items
from cartography.messages import Messages
from cartography.scene import Scene
from cartography.style import Catalogue, Fill

WIDTH, HEIGHT = 9.0, 4.5
"""Size of a sample, mm."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample and what it means."""

    sample: Drawing
    text: str


def legend(scene: Scene, drawn: Map, style: Catalogue, words: Messages) -> tuple[Entry, ...]:
    """Explain what is on the map, and nothing else.

    The samples are drawn with the signatures of the map itself, so that they cannot
    differ from it.
    """
    samples = _Samples(style, scene.frame.scale, words)
    used = [name for name in ("subject", "parcel") if drawn.drawn[name]]
    entries = [samples.pen(name) for name in used]
    entries += samples.numbers(scene, drawn)
    entries += [samples.pen(name) for name in ("section", "district") if drawn.drawn[name]]
    entries += [samples.fill(group.fill, "building") for group in drawn.buildings]
    entries += [samples.pen("underground")] if drawn.drawn["underground"] else []
    if any(label.letter == style.letter["house"] for label in drawn.labels):
        entries.append(samples.letter("house", ("12",), words("legend.house")))
    entries += [samples.fill(group.fill, "land_use") for group in drawn.land_use]
    if drawn.drawn["tree"]:
        entries.append(samples.tree())
    if drawn.drawn["arrow"]:
        entries.append(samples.arrow())
    if drawn.index:
        entries.append(samples.letter("index", (index_text(1),), words("legend.index")))
    entries.append(samples.grid())
    return tuple(entries)


class _Samples:
    """Draws the samples of one catalogue at one scale."""

    def __init__(self, style: Catalogue, scale: int, words: Messages) -> None:
        self.style, self.scale, self.words = style, scale, words

    def _entry(self, text: str, *items: Item) -> Entry:
        return Entry(Drawing(WIDTH, HEIGHT, (Layer("sample", items),)), text)

    def pen(self, name: str) -> Entry:
        """Return the sample of a line."""
        pen = self.style.pen[name]
        line = np.array([shapely.LineString([(0.3, HEIGHT / 2), (WIDTH - 0.3, HEIGHT / 2)])])
        return self._entry(
            pen.title[self.words.lang],
            Lines(line, pen.colour, pen.width_at(self.scale), pen.dash),
        )

    def fill(self, fill: Fill, outline: str) -> Entry:
        """Return the sample of an area with its sign."""
        pen = self.style.pen[outline]
        area = np.array([shapely.box(0.3, 0.3, WIDTH - 0.3, HEIGHT - 0.3)])
        items: list[Item] = [Areas(area, fill.fill)]
        if fill.symbol:
            items += self._signs(fill.symbol)
        dash = pen.dash if outline == "land_use" else ()
        items.append(Lines(area, pen.colour, pen.width_at(self.scale), dash, closed=True))
        return self._entry(fill.title[self.words.lang], *items)

    def _signs(self, name: str) -> list[Item]:
        symbol = self.style.symbol[name]
        step = min(symbol.step, 4.0)
        columns = np.arange(step / 2, WIDTH - 0.6, step)
        rows = [HEIGHT / 2] if step > 2 else np.arange(1.2, HEIGHT - 0.5, step / 2)
        middle = np.stack(np.meshgrid(columns, rows), axis=-1).reshape(-1, 1, 2)
        if step <= 2:  # the dense hatch is staggered on the map, too
            middle[len(columns) : 2 * len(columns), 0, 0] += step / 2
        strokes = [np.array(stroke).reshape(-1, 2)[None] for stroke in symbol.strokes]
        return [
            Lines(shapely.linestrings(middle + s), symbol.colour, symbol.width) for s in strokes
        ]

    def letter(self, name: str, lines: tuple[str, ...], text: str) -> Entry:
        """Return the sample of a lettering."""
        letter = self.style.letter[name]
        em = min(letter.sizes(self.scale)[0], 2.2 if len(lines) > 1 else 2.6)
        label = Label(0, lines, WIDTH / 2, HEIGHT / 2, em, letter)
        return self._entry(text, *label_items([label]))

    def numbers(self, scene: Scene, drawn: Map) -> list[Entry]:
        """Return the sample of the parcel number, as a fraction when there is one."""
        subnumbers = scene.parcels.subnumber[drawn.parcel_rows]
        if any(subnumbers.tolist()):
            return [self.letter("parcel", ("12", "3"), self.words("legend.number"))]
        return [self.letter("parcel", ("12",), self.words("legend.number_plain"))]

    def tree(self) -> Entry:
        """Return the sample of a tree."""
        pen = self.style.pen["tree"]
        crown = np.array([[WIDTH / 2, HEIGHT / 2, 1.8]])
        stem = np.array([[WIDTH / 2, HEIGHT / 2, 0.22]])
        return self._entry(
            pen.title[self.words.lang],
            Discs(crown, TREE_FILL, pen.colour, pen.width_at(self.scale)),
            Discs(stem, pen.colour, pen.colour, 0.01),
        )

    def arrow(self) -> Entry:
        """Return the sample of the arrow from a number to its parcel."""
        pen = self.style.pen["arrow"]
        letter = self.style.letter["parcel"]
        label = Label(0, ("7",), 1.2, HEIGHT / 2, 2.2, letter, arrow=((2.2, 2.25), (8.3, 2.25)))
        shaft = np.array([shapely.LineString([(2.2, 2.25), (8.3, 2.25)])])
        return self._entry(
            pen.title[self.words.lang],
            Lines(shaft, pen.colour, pen.width_at(self.scale)),
            Areas(arrow_heads([label]), pen.colour),
            *label_items([label]),
        )

    def grid(self) -> Entry:
        """Return the sample of a grid cross."""
        pen = self.style.pen["grid"]
        x, y = WIDTH / 2, HEIGHT / 2
        cross = shapely.linestrings([[(x - 2, y), (x + 2, y)], [(x, y - 2), (x, y + 2)]])
        step = self.words.number(grid_step(self.scale))
        return self._entry(
            self.words("legend.grid", step=step),
            Lines(cross, pen.colour, pen.width_at(self.scale)),
        )
