"""Reads a finished PDF the way a ruler would: path points on paper, structure, text."""

import io

import numpy as np
import pikepdf
import pypdfium2

MM = 25.4 / 72


def open_pdf(data):
    return pikepdf.open(io.BytesIO(data))


def path_points(page):
    """Every point of every path on a page, mm from the upper left corner, as (n, 2)."""
    height = float(page.MediaBox[3])
    found = []
    _walk(page.obj, pikepdf.parse_content_stream(page), np.eye(3), found)
    points = np.array(found)
    return np.column_stack([points[:, 0], height - points[:, 1]]) * MM


def _walk(owner, operations, matrix, found):
    stack = []
    for operands, operator in operations:
        name = str(operator)
        if name == "q":
            stack.append(matrix)
        elif name == "Q":
            matrix = stack.pop()
        elif name == "cm":
            matrix = _matrix(operands) @ matrix
        elif name in {"m", "l"}:
            x, y = (float(v) for v in operands)
            found.append((np.array([x, y, 1.0]) @ matrix)[:2])
        elif name == "re":
            x, y, w, h = (float(v) for v in operands)
            found += [
                (np.array([px, py, 1.0]) @ matrix)[:2] for px in (x, x + w) for py in (y, y + h)
            ]
        elif name == "Do":
            form = owner.Resources.XObject[str(operands[0])]
            if form.Subtype == "/Form":
                inner = _matrix(form.get("/Matrix", [1, 0, 0, 1, 0, 0])) @ matrix
                _walk(form, pikepdf.parse_content_stream(form), inner, found)


def _matrix(six):
    a, b, c, d, e, f = (float(v) for v in six)
    return np.array([[a, b, 0], [c, d, 0], [e, f, 1]])


def elements(pdf):
    """All structure elements in reading order, as dictionaries."""

    def walk(element):
        if isinstance(element, pikepdf.Array):
            for child in element:
                yield from walk(child)
        elif isinstance(element, pikepdf.Dictionary):
            if "/S" in element:
                yield element
            if "/K" in element:
                yield from walk(element.K)

    return list(walk(pdf.Root.StructTreeRoot.K))


def kinds(pdf):
    return [str(e.S)[1:] for e in elements(pdf)]


def alternatives(pdf):
    return [str(e.Alt) for e in elements(pdf) if "/Alt" in e]


def text_of(data):
    document = pypdfium2.PdfDocument(data)
    try:
        return [page.get_textpage().get_text_bounded() for page in document]
    finally:
        document.close()


def nearest(points, wanted):
    """Distance in mm from each wanted point to the nearest path point."""
    return np.array([np.hypot(*(points - w).T).min() for w in wanted])
