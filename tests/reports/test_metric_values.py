"""Values worked out by hand on one confusion tensor: 2 groups, 3 classes."""

import math

import numpy as np
import pytest

from reports.convention import PAPER, Convention
from reports.metrics import (
    confusion_tensor,
    dto,
    fairness_score,
    worst_group_accuracy,
    worst_stratum_accuracy,
)
from reports.metrics.minmax import summed_recall_ratio
from reports.metrics.performance import mean_recall
from tests.reports.frames import counts, scores, value

# Rows are true classes, columns predicted ones.
G0 = [[8, 1, 1], [2, 6, 2], [0, 0, 20]]  # n = 40, correct 34, recalls .8 .6 1
G1 = [[5, 5, 0], [1, 9, 0], [4, 0, 16]]  # n = 40, correct 30, recalls .5 .9 .8
TWO = counts([G0, G1])

HAND = [
    ("acc", "all", "g0", 34 / 40),
    ("acc", "all", "g1", 30 / 40),
    ("mca", "all", "g0", (0.8 + 0.6 + 1.0) / 3),
    # F1: c0 2*8/(10+10), c1 2*6/(10+7), c2 2*20/(20+23); weights 10, 10, 20 of 40.
    ("wf1", "all", "g0", (10 * 16 / 20 + 10 * 12 / 17 + 20 * 40 / 43) / 40),
    ("tpr", "c0", "g1", 0.5),
    ("sr", "c2", "g0", 23 / 40),
    ("fs_acc", "all", "all", 30 / 34),
    ("fs_gap", "all", "all", 4 / 40),
    ("fs_tpr", "c0", "all", 0.5 / 0.8),
    ("fs_tpr", "mean", "all", (0.5 / 0.8 + 0.6 / 0.9 + 0.8) / 3),
    ("fs_tpr", "min", "all", 0.5 / 0.8),
    ("fs_mca", "all", "all", 2.2 / 2.4),
    # Predicted per class: g0 10, 7, 23; g1 10, 14, 16 of 40.
    ("disc", "c0", "all", 0.0),
    ("disc", "c1", "all", 7 / 40),
    ("disc", "max", "all", 7 / 40),
    ("disc", "mean", "all", (0 + 7 + 7) / 40 / 3),
    ("disc_signed", "c1", "g0:g1", -7 / 40),
    ("disc_signed", "c2", "g0:g1", 7 / 40),
    ("eopd", "c0", "all", 0.3),
    ("eopd", "max", "all", 0.3),
    ("eopd", "mean", "all", (0.3 + 0.3 + 0.2) / 3),
    # False positives: c1 g0 1/30, g1 5/30, gap 4/30 < .3; c2 g0 3/20, g1 0/20, gap .15 < .2.
    ("eod", "c1", "all", 0.3),
    ("eod", "c2", "all", 0.2),
    # False positives of the groups: c0 2/30 and 5/30, c1 1/30 and 5/30, c2 3/20 and 0/20.
    ("fpr", "c0", "g1", 5 / 30),
    ("fnr", "c0", "g0", 0.2),
    ("fpr_gap", "c1", "all", 4 / 30),
    ("fpr_gap", "max", "all", 0.15),
    ("fpr_gap", "mean", "all", (3 / 30 + 4 / 30 + 0.15) / 3),
    ("fnr_gap", "c1", "all", 0.3),
    ("eopr", "c0", "all", 0.5 / 0.8),
    ("eopr", "min", "all", 0.5 / 0.8),
    # Ratios of recall .625, .667, .8 and of false positives 2/5, 1/5, 0.
    ("eor", "c0", "all", 0.4),
    ("eor", "c2", "all", 0.0),
    ("eor", "mean", "all", (0.4 + 0.2 + 0.0) / 3),
    ("eod_average", "c0", "all", (0.3 + 3 / 30) / 2),
    ("avg_odds_signed", "c0", "g0:g1", ((0.8 - 0.5) + (2 - 5) / 30) / 2),
    ("avg_odds_signed", "c1", "g0:g1", ((0.6 - 0.9) + (1 - 5) / 30) / 2),
    ("dpd", "c1", "all", 7 / 40),
    ("dpr", "c1", "all", 7 / 14),
    ("dpr", "mean", "all", (10 / 10 + 7 / 14 + 16 / 23) / 3),
    ("dpr", "min", "all", 7 / 14),
    # Selection rates differ by 0, 7/40 and 7/40.
    ("disc_tv", "all", "all", (0 + 7 + 7) / 40 / 2),
    ("disc_tv_pair", "all", "g0:g1", 7 / 40),
    # Accuracies .85 and .75: variance .05^2 + .05^2; noise of .85 * .15 / 39 and .75 * .25 / 39.
    ("bgv", "all", "all", 0.005 - (0.85 * 0.15 + 0.75 * 0.25) / 39 / 2),
    # Recalls .8 and .5 of 10 each: variance .15^2 + .15^2.
    ("bgv_tpr", "c0", "all", 0.045 - (0.8 * 0.2 + 0.5 * 0.5) / 9 / 2),
    # Both groups have the same mix of classes: no direction to amplify.
    ("ba_a2t_test", "all", "all", 0.0),
    ("wga_attr", "all", "all", 0.75),
    ("wga_stratum", "all", "all", 0.5),
    # Overall accuracy 64/80, fairness 30/34.
    ("dto", "all", "all", math.hypot(1 - 0.8, 1 - 30 / 34)),
]


@pytest.mark.parametrize(
    ("key", "emotion", "group", "wanted"), HAND, ids=lambda part: str(part)[:9]
)
def test_value_worked_out_by_hand(key, emotion, group, wanted):
    assert value(key, TWO, emotion, group) == pytest.approx(wanted, abs=1e-15)


def test_odds_take_the_false_positive_gap_where_it_is_larger():
    # Recalls of c0 are equal (8/10 in both); false positives of c0: 0/10 and 6/10.
    found = scores("eod", counts([[[8, 2], [0, 10]], [[8, 2], [6, 4]]]))
    assert found.value[0, 0, 0] == pytest.approx(0.6)
    # More false alarms is worse.
    assert found.items[found.worst[0, 0, 0]] == "g1"


def test_worst_stratum_names_the_class_and_the_group():
    found = scores("wga_stratum", TWO)
    assert found.items[found.worst[0, 0, 0]] == "c0 | g1"
    assert found.items[found.best[0, 0, 0]] == "c2 | g0"


def test_summary_names_the_stratum_behind_it():
    found = scores("fs_tpr", TWO)
    at = found.emotions.index("min")
    assert found.items[found.worst[0, 0, at]] == "c0 | g1"
    assert found.items[found.best[0, 0, at]] == "c0 | g0"


def test_summary_names_the_stratum_of_a_later_class():
    # Recalls of c0 1 and 1, of c1 .5 and 1: the largest gap is that of c1.
    found = scores("eopd", counts([[[4, 0], [2, 2]], [[4, 0], [0, 4]]]))
    at = found.emotions.index("max")
    assert found.items[found.worst[0, 0, at]] == "c1 | g0"
    assert found.items[found.best[0, 0, at]] == "c1 | g1"


def test_smallest_denominator_is_that_of_the_comparison():
    assert scores("fs_tpr", TWO).n[0, 0].tolist() == [10, 10, 20, 10, 10]
    assert scores("fs_acc", TWO).n[0, 0].tolist() == [40]


@pytest.mark.parametrize(("absent", "wanted"), [("skip", 0.75), ("zero", 0.5), ("nan", math.nan)])
def test_a_class_without_samples_enters_the_mean_recall_as_asked(absent, wanted):
    # Recalls 1 and .5; c2 has no samples.
    of = counts([[[4, 0, 0], [1, 1, 0], [0, 0, 0]]])
    assert mean_recall(of, absent)[0, 0] == pytest.approx(wanted, nan_ok=True)


@pytest.mark.parametrize(
    ("absent", "wanted"), [("common", 0.4 / 0.5), ("skip", 0.4 / 0.75), ("nan", math.nan)]
)
def test_a_class_that_one_group_lacks_enters_the_summed_recalls_as_asked(absent, wanted):
    # g0 recalls .5 and 1; g1 recall .4 and no samples of c1.
    of = counts([[[5, 5], [0, 10]], [[4, 6], [0, 0]]])
    assert summed_recall_ratio(of, 1, absent).value[0, 0, 0] == pytest.approx(wanted, nan_ok=True)


def test_confusion_tensor_counts_each_seed_and_leaves_unknown_groups_out():
    labels, groups = np.array([0, 1, 1, 0]), np.array([0, 1, -1, 1])
    predicted = np.array([[0, 1, 1, 1], [1, 1, 0, 0]])
    tensor = confusion_tensor(labels, predicted, groups, num_groups=2, num_classes=2)
    slow = np.zeros((2, 2, 2, 2), dtype=int)
    for seed in range(2):
        for i in range(4):
            if groups[i] >= 0:
                slow[seed, groups[i], labels[i], predicted[seed, i]] += 1
    assert tensor.tolist() == slow.tolist()


def test_a_code_outside_its_range_is_not_counted_elsewhere():
    with pytest.raises(ValueError, match="predicted"):
        confusion_tensor(np.array([0]), np.array([2]), np.array([0]), num_groups=1, num_classes=2)


def test_plain_functions_of_arrays_agree_with_the_metrics():
    tensor = np.array([G0, G1])
    cells = np.array([at for at in np.ndindex(2, 3, 3) for _ in range(tensor[at])])
    groups, labels, predicted = cells.T
    arrays = (labels, predicted, groups)
    assert worst_stratum_accuracy(*arrays, min_n=1) == pytest.approx(0.5)
    assert worst_group_accuracy(*arrays) == pytest.approx(0.75)
    assert fairness_score(*arrays) == pytest.approx(30 / 34)


def test_checkpoint_scores_are_nan_where_no_two_groups_can_be_compared():
    labels = np.zeros(20, dtype=int)
    assert math.isnan(worst_stratum_accuracy(labels, labels, labels))
    assert math.isnan(fairness_score(labels[:0], labels[:0], labels[:0]))


def test_distance_to_the_optimum_is_euclidean():
    assert dto(0.7, 0.6) == pytest.approx(0.5)  # .3, .4, .5
    assert dto(np.array([1.0, 0.0]), np.array([1.0, 0.0])).tolist() == [0.0, math.sqrt(2)]


def test_strata_below_the_minimum_do_not_set_the_worst():
    of = counts([[[0, 9], [0, 10]], [[9, 1], [5, 5]]])
    # c0 | g0 has recall 0 on 9 samples; the rest are 1, .9 and .5 on 10.
    assert value("wga_stratum", of, convention=Convention("ten", 10, 1)) == pytest.approx(0.5)
    assert value("wga_stratum", of, convention=PAPER) == 0.0


# Three groups, two classes: recalls of c0 are .9, .6, .5, those of c1 .8, .8, .2.
THREE = counts([[[9, 1], [2, 8]], [[6, 4], [2, 8]], [[5, 5], [8, 2]]])


def test_means_over_pairs_count_every_pair_once():
    # c0: |.9 - .6| + |.9 - .5| + |.6 - .5| = .8; false alarms .2, .2, .8: 0 + .6 + .6 = 1.2.
    assert value("eopd_pairs", THREE, "c0") == pytest.approx(0.8 / 3)
    assert value("eod_pairs", THREE, "c0") == pytest.approx(1.2 / 3)
    assert value("eod_average_pairs", THREE, "c0") == pytest.approx((0.8 + 1.2) / 6)


def test_total_variation_is_that_of_the_farthest_pair_and_the_mean_of_all():
    # Predicted as c0: 11, 8 and 13 of 20; two classes, so each distance is the difference of these.
    assert value("disc_tv", THREE) == pytest.approx(5 / 20)
    assert value("disc_tv_mean", THREE) == pytest.approx((3 + 2 + 5) / 20 / 3)
    found = scores("disc_tv", THREE)
    assert [THREE.groups[found.worst.item()], THREE.groups[found.best.item()]] == ["g1", "g2"]


def test_the_group_with_more_false_alarms_is_the_worst():
    found = scores("fpr_gap", THREE)
    assert found.items[found.worst[0, 0, 0]] == "g2"


def test_variance_between_groups_may_be_negative():
    # Accuracies .5 and .5 of two samples each: 0 - .25 / 1.
    assert value("bgv", counts([[[1, 0], [1, 0]], [[0, 1], [0, 1]]])) == pytest.approx(-0.25)


def test_a_group_of_one_sample_has_no_part_in_the_variance_between_groups():
    of = counts([[[8, 2], [0, 0]], [[5, 5], [0, 0]], [[1, 0], [0, 0]]])
    # .8 and .5: .045 - (.16 + .25) / 9 / 2
    assert value("bgv", of) == pytest.approx(0.045 - 0.41 / 18)
    assert scores("bgv", of).skips[0, 0, 0] == "skipped: g2"


def test_classes_chosen_for_the_group_they_belong_to_amplify():
    # c0: 15 of g0's 20 samples, 5 of g1's 20; predicted 18 and 2. Each of the four changes is
    # 3/20 in the direction of the labels.
    of = counts([[[15, 0], [3, 2]], [[2, 3], [0, 15]]])
    assert value("ba_a2t_test", of) == pytest.approx(3 / 20)
