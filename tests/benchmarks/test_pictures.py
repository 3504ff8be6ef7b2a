"""Stored uint8 pictures as normalised batches."""

import os

import numpy as np
import pytest
import torch

from benchmarks import pictures as module
from benchmarks.pictures import Pictures, available_memory, channel_statistics, read_ahead

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


# --- pictures in a memory map ------------------------------------------------------------------


@pytest.fixture
def mapped(tmp_path):
    """200 pictures in a file whose pages are on the disk only."""
    images = np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), dtype=np.uint8)
    np.save(tmp_path / "images.npy", images)
    handle = os.open(tmp_path / "images.npy", os.O_RDONLY)
    os.fsync(handle)
    os.posix_fadvise(handle, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(handle)
    return np.load(tmp_path / "images.npy", mmap_mode="r", allow_pickle=False), images


def is_in_memory(stored) -> bool:
    """Whether the whole file can be read without waiting for a disk."""
    handle = os.open(stored.filename, os.O_RDONLY)
    try:
        size = os.fstat(handle).st_size
        return os.preadv(handle, [bytearray(size)], 0, os.RWF_NOWAIT) == size
    except BlockingIOError:
        return False
    finally:
        os.close(handle)


def test_pictures_that_fit_are_brought_into_memory(mapped):
    stored, _ = mapped
    if is_in_memory(stored):
        pytest.skip("this file system keeps its files in memory")

    assert read_ahead(stored)
    assert is_in_memory(stored)


def test_pictures_that_do_not_fit_are_left_on_the_disk(mapped, monkeypatch):
    stored, _ = mapped
    if is_in_memory(stored):
        pytest.skip("this file system keeps its files in memory")
    # A quarter of this is one byte less than they take.
    monkeypatch.setattr(module, "available_memory", lambda: 4 * stored.nbytes - 4)

    assert not read_ahead(stored)
    assert not is_in_memory(stored)


@pytest.mark.parametrize("available", [0, 1 << 40])
def test_training_reads_the_same_bytes_resident_and_paged(mapped, monkeypatch, available):
    stored, images = mapped
    monkeypatch.setattr(module, "available_memory", lambda: available)
    read_ahead(stored)
    rows = np.random.default_rng(1).permutation(200)

    np.testing.assert_array_equal(
        reader(stored, pixels=32).read(rows), reader(images, pixels=32).read(rows)
    )


def test_available_memory_is_some_of_this_machine():
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")

    assert 1 << 20 < available_memory() <= total
