"""Statements of the papers' texts, and bold print, against the numbers of their tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.arithmetic.finding import Check, Finding, Verdict, where
from reports.arithmetic.intervals import Interval, printed
from reports.arithmetic.ratios import intervals_of
from reports.published.values import PublishedValue

Records = Sequence[PublishedValue]
BEST = "statement against numbers"
OWN = {"rizvi2024": "latent_alignment", "suresh2022": "au_positive_matching"}
#: what Suresh and Ong compare for bold print: methods without attribute labels
UNLABELLED = (
    "ce",
    "au_positive_matching",
    "spectral_decoupling",
    "spectral_decoupling+au_positive_matching",
)
#: emotions that the text says the method is best for (race)
SAID_BEST = ("neutral", "anger", "disgust", "fear")
ALPHA = "0.05"


def better_for_groups(records: Records) -> Iterator[Finding]:
    """Rizvi et al.: the method is said to outperform on gender x race (Table 3) and race (2)."""
    ours = where(records, source="rizvi2024", emotion="mean")
    for table, attribute, known in (("3", "gender x race", 8), ("2", "race", 9)):
        cells = where(ours, table=table, attribute=attribute)
        for own in where(cells, method=OWN["rizvi2024"]):
            rivals = [one for one in where(cells, group=own.group) if one.method != own.method]
            yield _best_of(own, rivals, ours, known)


def _best_of(own: PublishedValue, rivals: Records, records: Records, known: int) -> Finding:
    (value,) = intervals_of([own], records)
    others = {one: intervals_of([one], records)[0] for one in rivals}
    above = [one for one, other in others.items() if other.low > value.high]
    level = [one for one, other in others.items() if other.meets(value)]
    text = "; ".join(
        f"{words}: {', '.join(f'{one.method} {one.value}' for one in ones)}"
        for words, ones in (("above it", above), ("not to be told from it", level))
        if ones
    )
    verdict: Verdict = "inconsistent" if above else "undecidable" if level else "consistent"
    return Check(own.source, own.table, BEST).statement(
        f"{own.dataset}, {own.group if own.emotion == 'mean' else own.emotion}: "
        f"{own.method} is best",
        verdict,
        own.value,
        text or "above all others",
        known=known if above else 0,
    )


def bold_print(records: Records) -> Iterator[Finding]:
    """Suresh and Ong, Tables II to IV: bold is the best method without attribute labels."""
    ours = [
        one
        for one in where(records, source="suresh2022", group="worst/best")
        if one.method in UNLABELLED
    ]
    columns = dict.fromkeys((one.table, one.dataset, one.attribute, one.emotion) for one in ours)
    for table, dataset, attribute, emotion in columns:
        column = where(ours, table=table, dataset=dataset, attribute=attribute, emotion=emotion)
        best = max(one.number for one in column)
        winners = {one.method for one in column if one.number == best}
        bold = {one.method for one in column if one.is_bold}
        numbers = ", ".join(f"{one.method} {one.value}" for one in column)
        said = attribute == "race" and emotion == "sadness"
        yield Check("suresh2022", table, "bold is best").statement(
            f"{dataset}, {attribute}, {emotion}",
            "consistent" if bold == winners else "inconsistent",
            ", ".join(sorted(bold)) or "nothing in bold",
            f"{numbers}; best: {', '.join(sorted(winners))}",
            known=16 if said else 0,
        )


def best_emotions(records: Records) -> Iterator[Finding]:
    """Suresh and Ong, Table IV: the text names four emotions for which the method is fairest."""
    cells = [
        one
        for one in where(records, source="suresh2022", table="IV", group="worst/best")
        if one.method in UNLABELLED
    ]
    for emotion in SAID_BEST:
        column = where(cells, emotion=emotion)
        (own,) = where(column, method=OWN["suresh2022"])
        rivals = [one for one in column if one.method != own.method]
        yield _best_of(own, rivals, column, 16)


def always_significant(records: Records) -> Iterator[Finding]:
    """Chen and Joo, Table 2: anger is said to differ in all in-the-wild sets at equal units."""
    limit = printed(ALPHA, 6).high
    table = where(records, source="chen2021_supp", table="2", metric="p-value (chi-square)")
    for one in table:
        if "(Web" not in one.dataset:
            continue
        value = printed(one.value)
        yield Check(one.source, one.table, BEST).statement(
            f"{one.dataset}, {one.condition}: difference is significant",
            "inconsistent" if value.low > limit else "consistent",
            f"p = {one.value}",
            f"the statement needs p of at most {ALPHA}",
            known=26,
        )


def quoted_ratio(records: Records) -> Iterator[Finding]:
    """Suresh and Ong: the text's own example divides two mean accuracies of Table II."""
    cells = where(records, source="suresh2022", table="II", dataset="IASLab", method="ce")
    (man,), (woman,) = where(cells, group="Male"), where(cells, group="Female")
    yield Check("suresh2022", "", "worked example").interval(
        "IASLab, ce, worst / best",
        "93.8",
        printed("93.8"),
        Interval(
            100 * printed(man.value).low / printed(woman.value).high,
            100 * printed(man.value).high / printed(woman.value).low,
        ),
        shown_by=f"{man.value} / {woman.value} = {100 * man.number / woman.number:.2f} %",
    )
