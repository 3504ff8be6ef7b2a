"""Stored uint8 pictures as normalised batches."""

import numpy as np
import pytest
import torch

from benchmarks.pictures import Pictures, channel_statistics

CPU = torch.device("cpu")
PLAIN = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


def random_pictures(count: int, side: int = 6) -> np.ndarray:
    draw = np.random.default_rng(0)
    return draw.integers(0, 256, (count, side, side, 3), dtype=np.uint8)


def reader(stored, pixels, mean=PLAIN[0], std=PLAIN[1], *, channels_last=False):
    return Pictures(stored, pixels, mean, std, CPU, channels_last)


def test_mean_and_spread_are_those_of_numpy():
    stored = random_pictures(300)

    mean, std = channel_statistics(stored, np.arange(300))

    np.testing.assert_allclose(mean, stored.mean(axis=(0, 1, 2)), rtol=1e-10)
    np.testing.assert_allclose(std, stored.std(axis=(0, 1, 2)), rtol=1e-10)


def test_only_the_rows_asked_for_enter_the_statistics():
    stored = np.zeros((4, 2, 2, 3), dtype=np.uint8)
    stored[2:] = 200

    assert channel_statistics(stored, np.array([0, 1]))[0] == (0, 0, 0)
    assert channel_statistics(stored, np.array([2, 3]))[0] == (200, 200, 200)


def test_of_many_pictures_evenly_spaced_ones_are_measured():
    stored = random_pictures(12_000, side=1)

    mean, _ = channel_statistics(stored, np.arange(12_000))

    # At most 5,000 of 12,000: every third.
    np.testing.assert_allclose(mean, stored[::3].mean(axis=(0, 1, 2)), rtol=1e-10)


def test_a_channel_without_spread_is_only_shifted():
    stored = np.full((3, 2, 2, 3), 7, dtype=np.uint8)

    assert channel_statistics(stored, np.arange(3)) == ((7, 7, 7), (1, 1, 1))


def test_pictures_are_normalised_channel_by_channel():
    stored = np.zeros((1, 1, 1, 3), dtype=np.uint8)
    stored[0, 0, 0] = (10, 20, 30)

    images = reader(stored, 1, mean=(4.0, 10.0, 0.0), std=(2.0, 5.0, 10.0)).read(np.array([0]))

    # (10 - 4) / 2, (20 - 10) / 5, (30 - 0) / 10
    assert images.flatten().tolist() == [3, 2, 3]


@pytest.mark.parametrize(("pixels", "first"), [(4, 0), (2, 1), (3, 0)])
def test_the_middle_of_the_picture_is_kept(pixels, first):
    stored = np.zeros((1, 4, 4, 3), dtype=np.uint8)
    stored[0] = (np.arange(4)[:, None] * 10 + np.arange(4))[:, :, None]

    images = reader(stored, pixels).read(np.array([0]))

    places = range(first, first + pixels)
    assert images[0, 0].tolist() == [[10 * row + column for column in places] for row in places]


def test_pictures_come_in_the_order_asked_for():
    stored = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1).repeat(3, axis=3)

    assert reader(stored, 1).read(np.array([3, 0, 3]))[:, 0, 0, 0].tolist() == [3, 0, 3]


def test_a_read_only_memory_map_gives_the_same_pictures(tmp_path):
    stored = random_pictures(5)
    np.save(tmp_path / "images.npy", stored)
    mapped = np.load(tmp_path / "images.npy", mmap_mode="r")
    rows = np.array([4, 1])

    assert torch.equal(reader(mapped, 4).read(rows), reader(stored, 4).read(rows))


@pytest.mark.parametrize("channels_last", [False, True])
def test_pictures_have_the_memory_format_of_the_protocol(channels_last):
    images = reader(random_pictures(4), 6, channels_last=channels_last).read(np.arange(4))

    assert images.is_contiguous() is not channels_last
    assert images.is_contiguous(memory_format=torch.channels_last) is channels_last
