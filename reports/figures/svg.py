"""Matplotlib's SVG made fit to stand within a page beside others, and small."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
_HREF = f"{{{XLINK}}}href"
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_NUMBER = re.compile(r"-?\d+\.\d+")
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
#: the first is as wide as the typeface laid out with, the last narrower
_FAMILIES = "'DejaVu Sans',Verdana,sans-serif"
#: what the style sheet of Matplotlib says of everything, and how the picture fits into a page
_STYLE = (
    f"stroke-linejoin:round;stroke-linecap:butt;font-family:{_FAMILIES};max-width:100%;height:auto"
)


def inline_svg(text: str, *, key: str, title: str) -> str:
    """An `<svg>` element of what Matplotlib wrote.

    Args:
        text: of an SVG file.
        key: what identifiers start with.
        title: shown and read out by browsers.

    Returns:
        One element without header, metadata and style sheet (which would reach out to the whole
        page), at most as wide as the page allows.
    """
    root = ET.fromstring(text)
    _without(root, f"{{{SVG}}}metadata")
    for defs in root.findall(f"{{{SVG}}}defs"):
        _without(defs, f"{{{SVG}}}style")
    names = {name: f"{key}-{place}" for place, name in enumerate(_referenced(root))}
    for element in root.iter():
        _rewrite(element, names)
    _flatten(root)
    root.set("style", _STYLE)
    root.set("role", "img")
    name = ET.Element(f"{{{SVG}}}title")
    # XML has no way to write most control characters.
    name.text = "".join(c if c.isprintable() else " " for c in title)
    root.insert(0, name)
    return _serialised(root)


def _without(parent: ET.Element, tag: str) -> None:
    for child in parent.findall(tag):
        parent.remove(child)


def _referenced(root: ET.Element) -> list[str]:
    """Identifiers that something refers to, in order."""
    found: dict[str, None] = {}
    for element in root.iter():
        for value in element.attrib.values():
            found |= dict.fromkeys(_REFERENCE.findall(value))
        if _HREF in element.attrib:
            found[element.attrib[_HREF][1:]] = None
    return list(found)


def _rewrite(element: ET.Element, names: dict[str, str]) -> None:
    """Put identifiers in their new names, drop those nobody refers to, shorten the rest."""
    name = element.attrib.pop("id", "")
    if name in names:
        element.set("id", names[name])
    if _HREF in element.attrib:
        element.set("href", f"#{names[element.attrib.pop(_HREF)[1:]]}")
    for attribute, value in list(element.attrib.items()):
        if attribute == "d":
            value = _path(value)
        elif attribute in ("x", "y", "width", "height"):
            value = _NUMBER.sub(lambda found: f"{float(found.group()):.2f}", value)
        elif attribute == "style":
            value = _FAMILY.sub("", value).replace("; ", ";").replace(": ", ":")
        elif attribute == "transform" and value.startswith("rotate(-0 "):
            del element.attrib[attribute]
            continue
        element.set(attribute, _REFERENCE.sub(lambda at: f"url(#{names[at.group(1)]})", value))


def _path(data: str) -> str:
    """Path data in tenths of a point; straight lines relative to the point before.

    A tenth of a point is less than a screen shows. Differences are taken between rounded points, so
    that errors do not add up.
    """
    words = data.split()
    if not set(filter(str.isalpha, words)) <= {"M", "L", "z"}:
        return _NUMBER.sub(lambda found: _tenths(round(float(found.group()) * 10)), data)
    parts: list[str] = []
    command, drawn, at, place = "", "", (0, 0), 0
    while place < len(words):
        if words[place].isalpha():
            command, place = words[place], place + 1
            written = "l" if command == "L" else command
            if not written == drawn == "l":
                parts.append(written)
            drawn = written
            continue
        x, y = (round(float(word) * 10) for word in words[place : place + 2])
        shown = (x - at[0], y - at[1]) if command == "L" else (x, y)
        parts += [_tenths(number) for number in shown]
        at, place = (x, y), place + 2
    # Letters and minus signs part numbers as well as spaces do.
    return re.sub(r" ?([a-zA-Z]) ?", r"\1", " ".join(parts)).replace(" -", "-")


def _tenths(number: int) -> str:
    whole, part = divmod(abs(number), 10)
    return ("-" if number < 0 else "") + (f"{whole}.{part}" if part else f"{whole}")


def _flatten(element: ET.Element) -> None:
    """Put the members of groups without attributes in their place; drop white space between
    elements and empty `defs`.
    """
    members: list[ET.Element] = []
    for child in element:
        _flatten(child)
        child.tail = None
        if child.tag == f"{{{SVG}}}g" and not child.attrib:
            members.extend(child)
        elif child.tag != f"{{{SVG}}}defs" or len(child):
            members.append(child)
    if len(element) and not (element.text or "").strip():
        element.text = None
    element[:] = members


def _serialised(root: ET.Element) -> str:
    # The namespace is written by hand: ElementTree's registry of prefixes is global.
    for element in root.iter():
        element.tag = element.tag.removeprefix(f"{{{SVG}}}")
        for attribute in [a for a in element.attrib if a.startswith("{")]:
            element.set(attribute.partition("}")[2], element.attrib.pop(attribute))
    root.set("xmlns", SVG)
    return ET.tostring(root, encoding="unicode")
