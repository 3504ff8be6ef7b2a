"""Gram matrices, the style distance and the fixed random network."""

import pytest
import torch

from methods.shared.style import RandomMaps, gram, style_distance
from tests.methods.tiny import number

MAPS = torch.randn(2, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


def test_gram_is_the_mean_product_of_two_channels() -> None:
    found = gram(MAPS)
    for b in range(2):
        for c in range(3):
            for d in range(3):
                products = sum(
                    number(MAPS[b, c, h, w] * MAPS[b, d, h, w]) for h in range(4) for w in range(5)
                )
                assert number(found[b, c, d]) == pytest.approx(products / (3 * 4 * 5), rel=1e-10)


def test_gram_is_symmetric_and_positive_semidefinite() -> None:
    found = gram(MAPS)
    torch.testing.assert_close(found, found.transpose(1, 2))
    assert number(torch.linalg.eigvalsh(found).min()) > -1e-12


def test_gram_does_not_see_positions() -> None:
    order = torch.randperm(20, generator=torch.Generator().manual_seed(1))
    moved = MAPS.flatten(2)[:, :, order].view_as(MAPS)
    torch.testing.assert_close(gram(moved), gram(MAPS))


def test_gram_scales_quadratically() -> None:
    torch.testing.assert_close(gram(3 * MAPS), 9 * gram(MAPS))


def test_the_style_distance_of_equal_maps_is_zero() -> None:
    assert number(style_distance([MAPS, 2 * MAPS], [MAPS, 2 * MAPS])) == 0


def test_the_style_distance_adds_squared_differences_over_levels_and_averages_over_samples() -> (
    None
):
    ones = torch.ones(2, 1, 1, 1)
    scaled = torch.tensor([2.0, 3.0]).view(2, 1, 1, 1)
    # level 1: ((4 - 1)^2 + (9 - 1)^2) / 2 = 36.5; level 2: (0 + (4 - 1)^2) / 2 = 4.5
    second = torch.tensor([1.0, 2.0]).view(2, 1, 1, 1)
    assert number(style_distance([scaled, second], [ones, ones])) == 41


def test_the_random_network_depends_on_its_seed_alone_and_is_fixed() -> None:
    images = torch.randn(1, 3, 16, 16)
    first, second, other = (RandomMaps(seed)(images) for seed in (0, 0, 1))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))
    assert not torch.equal(first[0], other[0])
    assert [tuple(maps.shape[1:]) for maps in first] == [
        (16, 16, 16),
        (32, 8, 8),
        (64, 4, 4),
        (128, 2, 2),
    ]
    assert not any(parameter.requires_grad for parameter in RandomMaps(0).parameters())


def test_gram_keeps_full_precision_under_autocast() -> None:
    maps = torch.randn(2, 3, 4, 4, dtype=torch.float32)
    plain = gram(maps)
    with torch.autocast("cpu", torch.bfloat16):
        assert torch.equal(gram(maps), plain)
