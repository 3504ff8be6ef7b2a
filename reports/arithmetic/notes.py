"""Remarks on the papers that no calculation here derives, each with its source."""

from __future__ import annotations

from collections.abc import Iterator

from reports.arithmetic.finding import Check, Finding

#: number in the list of known inconsistencies (0: not in it), source, table, subject, what the
#: paper says, the remark
NOTES = (
    (
        10, "rizvi2024", "2", "origin of the baselines",
        "seven methods side by side",
        "five columns hold whole numbers and match the set of baselines of an earlier paper that "
        "it cites, so training set-ups may differ between columns",
    ),
    (
        11, "rizvi2024_summary", "", "ablations",
        "says that ablations are missing",
        "Section 5 and Table 8 of the paper are an ablation",
    ),
    (
        12, "rizvi2024", "", "citations",
        "DDC cited as Dwork et al. 2012, SS as Elkan 2001, MBConv as MobileNet v1",
        "the first two are the ideas behind, not the classifiers compared; the third has no "
        "inverted residual block",
    ),
    (
        17, "suresh2022", "", "gradient reversal",
        "said to follow Zhang et al. 2018",
        "that paper projects gradients; reversal is from Ganin and Lempitsky",
    ),
    (
        18, "suresh2022", "", "Eq. 3",
        "one symbol of the combined objective is not readable in the text version",
        "the weights of the two terms have to be taken from the surrounding text",
    ),
    (
        19, "suresh2022", "", "action units",
        "values are called intensities",
        "the detector that is named returns probabilities of occurrence",
    ),
    (
        21, "chen2021_supp", "3", "name of a baseline",
        "gradient reversal in the text, gradient projection in the table",
        "the authors' code projects gradients",
    ),
    (
        22, "chen2021_supp", "4", "RAF-DB, p of two ages",
        "p between <= 39 and >= 40",
        "the authors' notebook compares ages 4-19 (2,103 images) and 20-39 (6,805) under these "
        "heads, so the p belong to that comparison",
    ),
    (
        27, "chen2021_supp", "", "threshold of the classifiers",
        "chosen for the highest accuracy on the test set",
        "the authors' code takes the threshold with as many positives as the test set has, also on "
        "the test set",
    ),
    (
        28, "joo2024", "headline", "attributes and baseline",
        "two sensitive attributes in one passage, binary only in another",
        "the three relative changes are against a baseline that is not named",
    ),
    (
        0, "chen2021_supp", "4", "RAF-DB, p of four ages",
        "p = .003 for AU6=1, AU12=0 and .010 for AU6=1, AU12=1",
        "counts recovered from the authors' notebooks, which are not part of this project, give "
        ".008 and .021 (docs/audit.md)",
    ),
)  # fmt: skip


def sourced_notes() -> Iterator[Finding]:
    """Remarks marked `not computed`: citations, names, and what needs data that is not printed."""
    for known, source, table, subject, said, remark in NOTES:
        yield Check(source, table, "remark").statement(subject, "not computed", said, remark, known)
