r"""Tables as LaTeX floats with booktabs rules, to be read with \input."""

from __future__ import annotations

import re
from collections.abc import Sequence
from textwrap import wrap

from reports.tables import Cell, Column, Row, Table

WIDEST = 7
WIDEST_NARROW = 8
# Width of the longest significance code, so that the numbers before the codes stay aligned.
CODE_WIDTH = "1.5em"
# Characters of the smallest fonts that a line of a one-column article holds, with some room.
LINE = 62
# Characters of a header that a narrow column holds on one line.
NARROW_HEADER = 9
# Lines of a float that, with its caption and notes, still fits a page.
TALLEST = 40
# Lines that rules and headers of a panel take.
HEAD = 4
# Characters of a line of a caption and of a note, the height of a note's line as a share of a row,
# and the lines of caption and notes for which TALLEST leaves room.
CAPTION_LINE = 75
SMALL_LINE = 120
SMALL_HEIGHT = 0.75
KEPT = 6
# Floats that may wait for their page; LaTeX gives up at 18 in older versions.
MOST_FLOATS = 12
CLEAR = "\\clearpage\n"
END = r"\end{table}"
PREAMBLE = r"""% Needs in the preamble:
%   \usepackage{booktabs}
%   \usepackage{graphicx}   (wide tables shrink to the line)
"""
ARROWS = {"higher": r"~$\uparrow$", "lower": r"~$\downarrow$", "": ""}

_SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    # \textquotedbl needs an encoding that the default one is not.
    '"': r"{\char34}",
    "`": r"{`}",
    # A bracket after the end of a row would be read as that row's extra space, hence the braces.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "\u2020": r"\dag{}",
    "\u2013": r"\textendash{}",
    "\u2014": r"\textemdash{}",
    "\u2018": r"\textquoteleft{}",
    "\u2019": r"\textquoteright{}",
    "\u201c": r"\textquotedblleft{}",
    "\u201d": r"\textquotedblright{}",
    "\u2264": r"$\leq$",
    "\u2265": r"$\geq$",
    "\u00d7": r"$\times$",
    "\u2212": "$-$",
    "\u00b1": r"$\pm$",
    "\u03bb": r"$\lambda$",
    "\u03b3": r"$\gamma$",
    "\u03b1": r"$\alpha$",
    "\u03b2": r"$\beta$",
    "\u03c4": r"$\tau$",
}
# The sign of a number, not the dash between two.
_MINUS = re.compile(r"(?<![\w.])-(?=\d)")
_NEEDS_T1 = "\u00d0\u00f0\u00de\u00fe"


def escaped(text: str) -> str:
    """Text that prints as itself in any document that reads UTF-8, on one line.

    A character that the standard fonts lack becomes its code point, `[U+4E2D]`, so that the
    document compiles and nothing vanishes unseen.
    """
    flat = "".join(_character(character) for character in " ".join(text.split()))
    # Two of these in a row would be set as a dash or a closing quotation mark.
    return flat.replace("--", "-{}-").replace("''", "'{}'")


def _character(character: str) -> str:
    if character in _SPECIAL:
        return _SPECIAL[character]
    accented = "\u00c0" <= character <= "\u00ff" and character.isalpha()
    if character.isascii() or (accented and character not in _NEEDS_T1):
        return character
    return f"{{[}}U+{ord(character):04X}{{]}}"


def document_text(sections: Sequence[tuple[str, Sequence[Table]]]) -> str:
    r"""All tables as one file; a section begins on a new page.

    So does what follows `MOST_FLOATS` floats: LaTeX can hold only so many that wait for their page.
    """
    parts = [PREAMBLE]
    for index, (title, tables) in enumerate(sections):
        parts.append((CLEAR if index else "") + f"% {' '.join(title.split())}\n")
        waiting = 0
        for table in tables:
            text = _float(table)
            floats = text.count(END)
            if waiting and waiting + floats > MOST_FLOATS:
                parts.append(CLEAR)
                waiting = 0
            waiting += floats
            parts.append(text)
    return "\n".join(parts)


def table_text(table: Table) -> str:
    """One table as a file of its own."""
    return PREAMBLE + _float(table)


def _float(table: Table) -> str:
    """The table as one float, or as several with one number where it is taller than a page."""
    pages: list[list[Table]] = []
    panels = table.panels(WIDEST_NARROW if table.narrow else WIDEST, cut_spans=True)
    tallest = TALLEST - _long_text(table)
    for part in (piece for panel in panels for piece in panel.stretches(tallest - HEAD)):
        if pages and sum(map(_height, [*pages[-1], part])) <= tallest:
            pages[-1].append(part)
        else:
            pages.append([part])
    head = f"\\caption{{{escaped(table.caption)}}}\n  \\label{{tab:evenface:{table.key}}}"
    again = "\\addtocounter{table}{-1}\\caption{(continued)}"
    texts = [_page(panels, table, again if index else head) for index, panels in enumerate(pages)]
    return "\n".join(
        # Of very many floats some must be set before LaTeX has no room for more.
        (CLEAR if index and index % MOST_FLOATS == 0 else "") + text
        for index, text in enumerate(texts)
    )


def _page(panels: list[Table], whole: Table, head: str) -> str:
    small = [escaped(whole.remark)] if whole.remark else []
    shown = {note for part in panels for note in part.notes()}
    small += [f"{_sup(whole, note)}~{escaped(note)}" for note in whole.notes() if note in shown]
    lines = [
        r"\begin{table}[htbp]",
        r"  \centering\footnotesize",
        r"  \setlength{\tabcolsep}{3pt}",
        f"  {head}",
        r"  \par\smallskip",
        "\n  \\par\\medskip\n".join(_panel(part, whole) for part in panels),
    ]
    if small:
        text = "\\\\\n  ".join(small)
        lines.append(
            f"  \\par\\smallskip\n  \\parbox{{\\linewidth}}{{\\raggedright\\scriptsize {text}}}"
        )
    return "\n".join([*lines, END, ""])


def _long_text(table: Table) -> int:
    """Lines that the caption and notes of a narrow table take beyond the room that is kept."""
    if not table.narrow:
        return 0
    caption = len(table.caption) / CAPTION_LINE
    small = sum(1 + len(text) / SMALL_LINE for text in (table.remark, *table.notes()))
    return max(0, round(caption + small * SMALL_HEIGHT) - KEPT)


def _height(part: Table) -> int:
    return HEAD + len(list(part.rows())) + len(part.blocks)


def _line_width(part: Table) -> int:
    """Characters of the widest line, columns taken one by one."""
    rows = [row for _, row in part.rows()]
    label = max((len(row.label) for row in rows), default=0)
    columns = (
        max([len(column.header.split(" x ")[0]), *(len(row.cells[index].printed) for row in rows)])
        for index, column in enumerate(part.columns)
    )
    return label + sum(width + 2 for width in columns)


def _panel(part: Table, whole: Table) -> str:
    width = len(part.columns)
    lines = [f"\\begin{{tabular}}{{@{{}}l{'r' * width}@{{}}}}", r"\toprule", *_spans(part.columns)]
    coded = _coded(part)
    headers = (
        _header(column, whole) + (_code("") if has_code else "")
        for column, has_code in zip(part.columns, coded, strict=True)
    )
    lines.append(_line([escaped(whole.row_header), *headers]))
    for block in part.blocks:
        lines.append(r"\midrule")
        lines.append(
            f"\\multicolumn{{{width + 1}}}{{@{{}}l}}{{\\textit{{{escaped(block.title)}}}}} \\\\"
        )
        lines += [_row(row, whole, coded) for row in block.rows]
    if part.footer:
        lines.append(r"\midrule")
        lines += [_row(row, whole, coded) for row in part.footer]
    lines += [r"\bottomrule", r"\end{tabular}"]
    body = "\n".join(f"  {line}" for line in lines)
    if _line_width(part) <= LINE:
        return body
    return (
        f"  \\resizebox{{\\ifdim\\width>\\linewidth\\linewidth\\else\\width\\fi}}{{!}}{{%\n{body}}}"
    )


def _spans(columns: tuple[Column, ...]) -> list[str]:
    """The line of spanning headers and the rules under them; nothing where no column has one."""
    if not any(column.span for column in columns):
        return []
    heads, rules, start = [""], [], 0
    while start < len(columns):
        span, stop = columns[start].span, start + 1
        while stop < len(columns) and columns[stop].span == span:
            stop += 1
        heads.append(f"\\multicolumn{{{stop - start}}}{{c}}{{{escaped(span)}}}")
        if span:
            rules.append(f"\\cmidrule(lr){{{start + 2}-{stop + 1}}}")
        start = stop
    return [_line(heads), " ".join(rules)]


def _header(column: Column, whole: Table) -> str:
    # Names of intersections are the widest headers; they break at their crosses.
    first, *rest = (escaped(part) for part in column.header.split(" x "))
    lines = [first, *(f"$\\times$ {part}" for part in rest)]
    if whole.narrow and not rest and len(column.header) > NARROW_HEADER:
        lines = [escaped(part) for part in _broken(column.header)]
    text = r"\\".join(lines)
    text += ARROWS[column.better] if whole.mixes_directions() else ""
    text += _mark(whole, column.note)
    return f"\\shortstack[r]{{{text}}}" if len(lines) > 1 else text


def _broken(header: str) -> list[str]:
    """A difference breaks before its second term, other headers at their blanks."""
    first, minus, second = header.partition(" - ")
    if minus:
        return [f"{first} -", second]
    return wrap(header, NARROW_HEADER, break_long_words=False) or [header]


def _coded(part: Table) -> list[bool]:
    """Of each column, whether its numbers may have a significance code."""
    rows = [row for _, row in part.rows()]
    return [any(row.cells[index].unit == "p" for row in rows) for index in range(len(part.columns))]


def _row(row: Row, whole: Table, coded: list[bool]) -> str:
    label = escaped(row.label) + "".join(_sup(whole, note) for note in row.notes)
    cells = (
        _coded_cell(cell, whole) if has_code else _plain(cell) + _mark(whole, cell.note)
        for cell, has_code in zip(row.cells, coded, strict=True)
    )
    return _line([label, *cells])


def _plain(cell: Cell) -> str:
    text = escaped(cell.uncoded)
    if cell.state == "value":
        text = _MINUS.sub("$-$", text)
    if cell.tied:
        return f"\\underline{{{text}}}"
    return f"\\textbf{{{text}}}" if cell.bold else text


def _coded_cell(cell: Cell, whole: Table) -> str:
    mark = _sup(whole, cell.note) if cell.note else ""
    return _plain(cell) + _code(escaped(cell.code) + mark)


def _code(text: str) -> str:
    return f"\\makebox[{CODE_WIDTH}][l]{{\\,{text}}}"


def _mark(whole: Table, note: str) -> str:
    """A footnote mark that takes no width, so that the numbers above and below stay aligned."""
    return f"\\rlap{{{_sup(whole, note)}}}" if note else ""


def _sup(whole: Table, note: str) -> str:
    return f"\\textsuperscript{{{escaped(whole.mark(note))}}}"


def _line(fields: list[str]) -> str:
    return " & ".join(fields) + r" \\"
