"""Difference of equalised odds: given the class, all groups shall have the same probabilities.

    loss = CE + lambda sum_y (1/2) sum_k D_k(y)
    D_k(y) = mean over pairs of groups of |mean of p_k over a in class y - the same over b|

with p the class probabilities and means over the samples of one group and true class y in the batch
(`shared/parity_gaps.py`); `reduce = max_gap` takes the largest mean less the smallest instead. It
needs groups in training, none at test; prediction as in `ce`.

Where we differ. The reference has two classes and two groups; the form above is ours and equals it
there. The reference divides by zero where a stratum is missing; here a group counts from
`min_count` samples of the class on (2), and a class with fewer than two such groups adds 0. With
many strata most are missing from the protocol's batch of 32 that all methods share: 64 or more
(`protocol.batch_size`) would be better, or `groups = per_attribute`. Means over a few samples make
a gap look larger than it is: `memory` compares means smoothed over the batches instead. With
strength 0 the run is `ce`, bit for bit.
"""

from methods.base import method
from methods.shared.parity_methods import ParityMethod


@method(
    "Diff. EOdd",
    family="penalty",
    source="ahxt/fair_fairness_benchmark (DiffEOdd); several classes and groups: ours",
    needs=("train_groups",),
)
class DiffEodd(ParityMethod):
    per_class = True
