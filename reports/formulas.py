"""What each metric computes, in one line a person can follow with the counts in hand."""

from __future__ import annotations

from reports.catalogue import MetricCard, SampleMetricCard
from reports.metrics.calibration import BINS

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
    "dto": "square root of (1 - accuracy of all)^2 + (1 - min over k of Acc[k] / max over k of "
    "Acc[k])^2",
    "disc_tv": "max over pairs a:b of half the sum over c of |SR[a,c] - SR[b,c]|",
    "disc_tv_mean": "mean over pairs a:b of half the sum over c of |SR[a,c] - SR[b,c]|",
    "avg_odds_signed": "half of (TPR[a,c] - TPR[b,c]) + (FPR[a,c] - FPR[b,c]) of the pair a:b",
    "eod_average": "half of the gap of TPR[k,c] plus the gap of FPR[k,c] between groups",
    "eopd_pairs": "mean over pairs a:b of |TPR[a,c] - TPR[b,c]|",
    "eod_pairs": "the larger of the means over pairs a:b of |TPR[a,c] - TPR[b,c]| and of "
    "|FPR[a,c] - FPR[b,c]|",
    "eod_average_pairs": "half of the means over pairs a:b of |TPR[a,c] - TPR[b,c]| and of "
    "|FPR[a,c] - FPR[b,c]|, summed",
    "bgv": "variance (n - 1) over k of Acc[k] less the mean over k of Acc[k] (1 - Acc[k]) / "
    "(n[k] - 1)",
    "bgv_tpr": "variance (n - 1) over k of TPR[k,c] less the mean over k of TPR[k,c] "
    "(1 - TPR[k,c]) / (n[k,c] - 1)",
    "ba_mals": "mean over c of the sum, over the k that hold more than an equal share of class c "
    "in training, of share of k among those predicted as c - its share among class c in training",
    "ba_a2t": "mean over k and c of sign[k,c] x (SR[k,c] - share of class c in group k), sign[k,c] "
    "= sign of share(k, c) - share(k) share(c) in training",
    "ba_a2t_test": "mean over k and c of sign[k,c] x (SR[k,c] - share of class c in group k), "
    "sign[k,c] = sign of share(k, c) - share(k) share(c) in the test set",
    "cdisc": "max over pairs a:b of |sum over strata h of w[h] (SR[a,c|h] - SR[b,c|h]) / sum of "
    "w[h]|, w[h] = n[a,h] n[b,h] / (n[a,h] + n[b,h])",
    "cdisc_signed": "sum over strata h of w[h] (SR[a,c|h] - SR[b,c|h]) / sum of w[h] of the pair "
    "a:b, w[h] = n[a,h] n[b,h] / (n[a,h] + n[b,h])",
    "cdisc_share": "samples of a and b in strata that have both / samples of a and b",
    "ece": f"sum over {BINS} bins b of the confidence of n[k,b] / n[k] x |share right - mean "
    "confidence|",
    "ece_gap": f"max over k of ECE[k] - min over k of ECE[k], ECE[k] = sum over {BINS} bins b of "
    "the confidence of n[k,b] / n[k] x |share right - mean confidence|",
    "brier": "mean over samples of the sum over c of (probability of c - 1 if true, else 0)^2",
    "leak": "mean over k of the share of test samples of group k that a linear probe of the "
    "features, fitted on the validation part, calls k",
    "leak_excess": "leak - 1 / number of groups that both parts have",
    "leak_label": "leak of a probe that sees the true class only",
    "leak_beyond_label": "leak - leak_label",
    "leak_majority": "test samples of the group that is commonest in the validation part / test "
    "samples",
    "disc_ks": "max over pairs a:b and thresholds t of |share of a with a probability above t - "
    "share of b|",
    "disc_w1": "max over pairs a:b of the mean over thresholds t in 0..1 of |share of a with a "
    "probability above t - share of b|",
}
#: rule by which samples are decided to be of the second class, at a threshold of its probability
_THRESHOLDS = {
    "test": "at least the threshold of best accuracy on the test set",
    "prevalence": "above the threshold that makes as many positive as the test set has",
    "prevalence_val": "above the threshold that makes the validation part's share positive",
    "val": "at least the threshold of best accuracy on the validation part",
    "cv": "at least the threshold of best accuracy on the other half of the test set",
    "fixed": "at least 0.5",
}
for _name, _rule in _THRESHOLDS.items():
    _FORMULAS[f"disc_{_name}"] = (
        f"max over k of P[k] - min over k of P[k], P[k] = share of group k with a probability of "
        f"the second class {_rule}"
    )
    _FORMULAS[f"disc_{_name}_signed"] = (
        f"P[a] - P[b] of the pair a:b, P[k] = share of group k with a probability of the second "
        f"class {_rule}"
    )


def formula(card: MetricCard | SampleMetricCard) -> str:
    """The formula of a metric."""
    return _FORMULAS[card.key]


def rates_of(text: str) -> list[str]:
    """Definitions of the rates that a formula uses."""
    return [f"{name} = {words}" for name, words in RATES.items() if name.split("[")[0] in text]
