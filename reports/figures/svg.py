"""Matplotlib's SVG made fit to stand within a page beside others."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_HREF = f"{{{XLINK}}}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
#: attribute of coordinates -> decimals, in points; less than a screen shows
_DECIMALS = {"d": 1, "x": 2, "y": 2, "width": 2, "height": 2, "points": 1}


def inline_svg(text: str, *, key: str, title: str) -> str:
    """An `<svg>` element of what Matplotlib wrote.

    Args:
        text: of an SVG file.
        key: what identifiers start with.
        title: shown and read out by browsers.

    Returns:
        One element without header, metadata and style sheet (which would reach out to the whole
        page), as wide as the page allows.
    """
    root = ET.fromstring(text)
    _without(root, f"{{{SVG}}}metadata")
    for defs in root.findall(f"{{{SVG}}}defs"):
        _without(defs, f"{{{SVG}}}style")
        if len(defs) == 0:
            root.remove(defs)
    used = _referenced(root)
    for element in root.iter():
        _rewrite(element, key, used)
    # What the style sheet of Matplotlib says of everything.
    root.set("style", "stroke-linejoin:round;stroke-linecap:butt;max-width:100%;height:auto")
    root.set("role", "img")
    name = ET.Element(f"{{{SVG}}}title")
    name.text = title
    root.insert(0, name)
    return _serialised(root)


def _without(parent: ET.Element, tag: str) -> None:
    for child in parent.findall(tag):
        parent.remove(child)


def _referenced(root: ET.Element) -> set[str]:
    found: set[str] = set()
    for element in root.iter():
        found.update(
            name for value in element.attrib.values() for name in _REFERENCE.findall(value)
        )
        found.add(element.get(_HREF, "#")[1:])
    return found


def _rewrite(element: ET.Element, key: str, used: set[str]) -> None:
    """Give identifiers the key in front, drop those nobody refers to, shorten coordinates."""
    name = element.attrib.pop("id", None)
    if name in used:
        element.set("id", f"{key}-{name}")
    if _HREF in element.attrib:
        element.set("href", f"#{key}-{element.attrib.pop(_HREF)[1:]}")
    for attribute, value in element.attrib.items():
        if attribute in _DECIMALS:
            value = _shortened(value, _DECIMALS[attribute])
        element.set(attribute, _REFERENCE.sub(rf"url(#{key}-\1)", value))


def _shortened(value: str, decimals: int) -> str:
    """Coordinates without needless digits, spaces, and repeated commands for lines."""

    def short(match: re.Match[str]) -> str:
        text = f"{float(match.group()):.{decimals}f}".rstrip("0").rstrip(".")
        return "0" if text == "-0" else text

    kept: list[str] = []
    command = ""
    for word in _NUMBER.sub(short, value).split():
        if not (word == "L" == command):
            kept.append(word)
        command = word if word.isalpha() else command
    return " ".join(kept)


def _serialised(root: ET.Element) -> str:
    # The namespace is written by hand: ElementTree's registry of prefixes is global.
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        for attribute in [a for a in element.attrib if a.startswith("{")]:
            element.set(attribute.partition("}")[2], element.attrib.pop(attribute))
    root.set("xmlns", SVG)
    return ET.tostring(root, encoding="unicode")
