import pytest

from reports.rounding import rounded


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (0.9625, "96.3"),
        (0.9624, "96.2"),
        (0.00049, "0.0"),
        (1.0, "100.0"),
        (0.88, "88.0"),
        (0.1235, "12.4"),
    ],
)
def test_percent_is_rounded_half_up_on_the_shortest_decimal(value, wanted):
    assert rounded(value, scale=100) == wanted


def test_plain_formatting_would_round_the_tie_down():
    assert f"{96.25:.1f}" == "96.2"
    assert rounded(96.25) == "96.3"
    assert rounded(2.675, 2) == "2.68"


@pytest.mark.parametrize(
    ("value", "wanted"), [(0.0123, "+1.2"), (-0.0125, "-1.3"), (-0.0001, "0.0"), (0.0, "0.0")]
)
def test_differences_carry_their_sign_and_zero_none(value, wanted):
    assert rounded(value, scale=100, sign=True) == wanted
