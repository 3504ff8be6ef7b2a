"""What each metric computes, in one line a person can follow with the counts in hand."""

from __future__ import annotations

import inspect

from reports.catalogue import MetricCard

#: rates that several formulas use
RATES = {
    "Acc[k]": "right in group k / samples of group k",
    "TPR[k,c]": "class c and predicted as c in group k / class c in group k",
    "FPR[k,c]": "predicted as c but of another class in group k / other classes in group k",
    "SR[k,c]": "predicted as c in group k / samples of group k",
}
_FORMULAS = {
    "acc": "Acc[k]",
    "wf1": "sum over c of n[c] / n x F1[c], F1[c] = 2 TP / (2 TP + FP + FN)",
    "mca": "mean over classes with samples of TPR[k,c]",
    "tpr": "TPR[k,c]",
    "sr": "SR[k,c]",
    "fs_acc": "min over k of Acc[k] / max over k of Acc[k]",
    "fs_gap": "max over k of Acc[k] - min over k of Acc[k]",
    "fs_tpr": "min over k of TPR[k,c] / max over k of TPR[k,c]",
    "fs_mca": "min over k of S[k] / max over k of S[k], S[k] = sum of TPR[k,c] over the classes "
    "that every group has",
    "disc": "max over k of SR[k,c] - min over k of SR[k,c]",
    "disc_signed": "SR[a,c] - SR[b,c] of the pair a:b",
    "fpr": "FPR[k,c]",
    "fnr": "1 - TPR[k,c]",
    "dpd": "max over k of SR[k,c] - min over k of SR[k,c]",
    "dpr": "min over k of SR[k,c] / max over k of SR[k,c]",
    "eopr": "min over k of TPR[k,c] / max over k of TPR[k,c]",
    "eor": "the smaller of min / max over k of TPR[k,c] and min / max over k of FPR[k,c]",
    "fnr_gap": "max over k of 1 - TPR[k,c] less min over k of 1 - TPR[k,c]",
    "disc_tv_pair": "half the sum over c of |SR[a,c] - SR[b,c]| of the pair a:b",
    "eopd": "max over k of TPR[k,c] - min over k of TPR[k,c]",
    "fpr_gap": "max over k of FPR[k,c] - min over k of FPR[k,c]",
    "eod": "the larger of the gap of TPR[k,c] and the gap of FPR[k,c] between groups",
    "wga_attr": "min over k of Acc[k]",
    "wga_stratum": "min over k and c of TPR[k,c]",
}


def formula(card: MetricCard) -> str:
    """The formula of a metric; of one without, the first line of its function's docstring."""
    if card.key in _FORMULAS:
        return _FORMULAS[card.key]
    text = inspect.getdoc(card.compute) or card.title
    return text.split("\n")[0].rstrip(".")


def rates_of(text: str) -> list[str]:
    """Definitions of the rates that a formula uses."""
    return [f"{name} = {words}" for name, words in RATES.items() if name.split("[")[0] in text]
