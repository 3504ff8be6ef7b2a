"""Which columns the listed tables of an audit have, and what their captions say."""

from __future__ import annotations

from collections.abc import Mapping

from reports.audit.tables_listed import ListedColumn, Listing

_P = (ListedColumn("p", "p", "p"), ListedColumn("Holm p", "p_holm", "p"))
_CHI = (ListedColumn("Chi-square", "statistic", "statistic"), ListedColumn("df", "dof", "count"))
_N = ListedColumn("n", "n", "count")


def _question(row: Mapping[str, object]) -> str:
    return f"{row['label']} by {row['attribute']}"


def _in_family(row: Mapping[str, object]) -> str:
    return f"{_question(row)} within {row['condition']}"


def _adjusted(row: Mapping[str, object]) -> str:
    return f"{_question(row)}: {row['group']} to {row['reference']} ({row['model']})"


def _discriminated(row: Mapping[str, object]) -> str:
    within = "" if row["form"] == "raw" else f" within {row['family']}"
    predicted = "" if row["source"] == "label" else "predicted "
    return f"{predicted}{_question(row)}: {row['group_a']} - {row['group_b']}{within}"


def _group(row: Mapping[str, object]) -> str:
    return f"{row['attribute']}: {row['group']}" if row["attribute"] else str(row["group"])


def _group_at(row: Mapping[str, object]) -> str:
    return f"{row['label']}, {row['group']}, {row['condition']}".replace(",", ", ").replace(
        "  ", " "
    )


POOLED = Listing(
    "pooled",
    "Tests over all conditions",
    "Is the label independent of the group within the conditions of a family? Cochran-Mantel-"
    "Haenszel test over the conditions (no continuity correction), Mantel-Haenszel odds ratio of "
    "two groups (first to second), V (Cram\u00e9r, bias-corrected) of more; equal odds: is the "
    "difference the same in all conditions (Breslow-Day with Tarone's adjustment; more than two "
    "groups: likelihood ratio of the interaction). Clusters: the same question with whole clusters "
    "as units (Wald test, permutation).",
    (
        *_CHI,
        *_P,
        ListedColumn("Odds ratio", "odds_ratio", "ratio", "odds_low", "odds_high"),
        ListedColumn("V", "v", "proportion", "v_low", "v_high"),
        ListedColumn("Equal odds p", "equal_odds", "p"),
        ListedColumn("Clusters Wald p", "cluster_wald_pooled", "p"),
        ListedColumn("Holm p (Wald)", "cluster_wald_pooled_holm", "p"),
        ListedColumn("Clusters permutation p", "cluster_permutation_pooled", "p"),
        ListedColumn("Holm p (permutation)", "cluster_permutation_pooled_holm", "p"),
        _N,
    ),
    _in_family,
)
REGRESSION = Listing(
    "regression",
    "Group term of a logistic regression on all action units",
    "Likelihood-ratio test of the group beside all action-unit intensities (standardised); "
    "adjusted odds ratio of two groups, first to second. With interactions: the group and its "
    "products with the intensities tested together. With squares: the group beside intensities and "
    "their squares.",
    (
        *_CHI,
        *_P,
        ListedColumn("Odds ratio", "effect", "ratio", "effect_low", "effect_high"),
        ListedColumn("With interactions p", "logit_lr_interactions", "p"),
        ListedColumn("With squares p", "logit_lr_squares", "p"),
        _N,
    ),
    _question,
)
LISTINGS = {
    "adjusted": Listing(
        "adjusted",
        "Adjusted differences",
        "Odds ratio of each group to the reference at equal action-unit intensities, and average "
        "marginal difference of P(label), from the logistic regression of that name. Firth: fitted "
        "with Firth's penalty (1) because the plain fit does not exist.",
        (
            ListedColumn("Odds ratio", "odds_ratio", "ratio", "low", "high"),
            ListedColumn("Difference", "marginal_difference", "difference"),
            _N,
            ListedColumn("Firth", "firth", "count"),
        ),
        _adjusted,
    ),
    "discrimination": Listing(
        "discrimination",
        "Calders-Verwer discrimination",
        "Calders-Verwer discrimination: share of the first group that has the label (or is "
        "predicted to) minus that of the second, raw and within the conditions of a family with "
        "Mantel-Haenszel weights. Used: share of the images in conditions that hold both groups. "
        "Of more than two groups the pair that is farthest apart in raw form, which its interval "
        "does not account for; all pairs: discrimination.csv.",
        (
            ListedColumn("Difference", "value", "difference", "low", "high"),
            ListedColumn("Used", "share_used", "proportion"),
            _N,
        ),
        _discriminated,
    ),
    "corrected": Listing(
        "corrected",
        "Shares corrected for misclassified groups",
        "P(label | condition, group) as counted and corrected with the group classifier's "
        "confusion matrix.",
        (
            ListedColumn("As counted", "naive", "proportion"),
            ListedColumn("Corrected", "corrected", "proportion", "low", "high"),
        ),
        _group_at,
        "Label, group, condition",
    ),
    "agreement": Listing(
        "agreement",
        "Agreement of raters",
        "Share of pairs of raters of one image who agree, and Krippendorff's nominal alpha; "
        "intervals from a bootstrap of clusters.",
        (
            ListedColumn("Images", "images", "count"),
            ListedColumn("Votes", "votes", "count"),
            ListedColumn("Agreement", "agreement", "proportion", "agreement_low", "agreement_high"),
            ListedColumn("Alpha", "alpha", "proportion", "alpha_low", "alpha_high"),
        ),
        _group,
        "Images of",
    ),
    "loss": Listing(
        "loss",
        "Images without measured action units",
        "Images whose action units were not measured, by group: they take no part in what is asked "
        "at equal facial movement. p: is the share the same in all groups (Pearson chi-square)?",
        (
            ListedColumn("Images", "images", "count"),
            ListedColumn("Lost", "lost", "count"),
            ListedColumn("Share", "share", "proportion", "low", "high"),
            ListedColumn("p", "p", "p"),
        ),
        _group,
        "Images of",
    ),
}
ASSOCIATION = Listing(
    "association",
    "Association of the label with the group, all classes together",
    "Pearson chi-square of classes by groups, with bias-corrected Cram\u00e9r's V. Facial movement "
    "is not controlled: the faces of the groups may differ.",
    (*_CHI, *_P, ListedColumn("V", "effect", "proportion", "effect_low", "effect_high"), _N),
    lambda row: str(row["attribute"]),
    "Attribute",
)
