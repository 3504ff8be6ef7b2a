"""Difference of demographic parity: all groups shall have the same mean class probabilities.

    loss = CE + lambda (1/2) sum_k D_k
    D_k  = mean over pairs of groups of |mean of p_k over a - mean of p_k over b|

with p the class probabilities and means over the samples of a group in the batch
(`shared/parity_gaps.py`); `reduce = max_gap` takes the largest mean less the smallest instead. It
needs groups in training, none at test; prediction as in `ce`. Demographic parity also punishes true
differences in how often the classes occur in the groups; `diff_eopp` and `diff_eodd` do not.

Where we differ. The reference has two classes and two groups, |mean_0 q - mean_1 q|; the form above
is ours and equals it there. The reference divides by zero where a group is missing; here a group
counts from `min_count` samples on (2), and with fewer than two such groups the term is 0. Means
over a few samples make the gap look larger than it is: `memory` compares means smoothed over the
batches instead. All methods share the protocol's batch of 32; 64 or more would be better
(`protocol.batch_size`). Probabilities near 0 and 1 give hardly any gradient. With strength 0 the
run is `ce`, bit for bit.
"""

from methods.base import method
from methods.shared.parity_methods import ParityMethod


@method(
    "Diff. DP",
    family="penalty",
    source="ahxt/fair_fairness_benchmark (DiffDP); several classes and groups: ours",
    needs=("train_groups",),
)
class DiffDp(ParityMethod):
    per_class = False
