"""Log priors that `logit_adjust`, `bias_balanced` and `bias_contrastive` share."""

import math

import torch

from methods.shared.priors import log_class_given_group, log_class_priors

#: K = 3, G = 3; class 2 is rare, group 2 has no samples
COUNTS = ((3, 4, 0), (1, 4, 0), (0, 2, 0))


def test_laplace_adds_one_sample_to_every_class() -> None:
    # (3 + 1) / (4 + 3), (1 + 1) / 7, (0 + 1) / 7
    torch.testing.assert_close(log_class_priors((3, 1, 0)).exp(), torch.tensor([4.0, 2.0, 1.0]) / 7)


def test_each_group_has_its_own_prior_and_an_empty_group_a_flat_one() -> None:
    wanted = torch.tensor([[4 / 7, 2 / 7, 1 / 7], [5 / 13, 5 / 13, 3 / 13], [1 / 3] * 3])
    torch.testing.assert_close(log_class_given_group(COUNTS).exp(), wanted)


def test_the_floor_of_the_reference_forbids_an_empty_class() -> None:
    found = log_class_given_group(COUNTS, floor=1e-9)
    forbidden = math.log(1e-9)  # -20.7
    wanted = [math.log(0.75 + 1e-9), math.log(0.25 + 1e-9), forbidden]
    torch.testing.assert_close(found[0], torch.tensor(wanted))
    torch.testing.assert_close(found[2], torch.full((3,), forbidden))


def test_priors_come_in_the_default_precision() -> None:
    assert log_class_priors((3, 1)).dtype == torch.float64
    torch.set_default_dtype(torch.float32)
    assert log_class_priors((3, 1)).dtype == torch.float32
