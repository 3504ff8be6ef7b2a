"""Named random streams."""

from itertools import combinations

import pytest
import torch

from benchmarks.seeding import (
    derive_seed,
    seeded,
    seeded_by,
    torch_generator,
)

STREAMS = (("init", "tiny", 0), ("order", "tiny", 0), ("init", "tiny", 1), ("init", "other", 0))


def test_a_seed_is_the_same_number_on_every_machine():
    # First 8 bytes of SHA-256 of "init\x1fsynthetic\x1f0", shifted right by one bit.
    assert derive_seed("init", "synthetic", 0) == 4268156378262364037


def test_seeds_fit_in_63_bits():
    assert all(0 <= derive_seed("x", n) < 2**63 for n in range(200))


@pytest.mark.parametrize(("first", "second"), list(combinations(STREAMS, 2)), ids=str)
def test_streams_of_other_names_seeds_or_data_sets_differ(first, second):
    ours, theirs = torch_generator(*first), torch_generator(*second)

    assert not torch.equal(torch.rand(8, generator=ours), torch.rand(8, generator=theirs))


def test_where_one_part_ends_matters():
    assert derive_seed("order", "a", 11) != derive_seed("order", "a1", 1)


def test_one_stream_gives_the_same_draws_again():
    first, second = (torch.rand(5, generator=torch_generator("order", 3)) for _ in range(2))

    assert torch.equal(first, second)


def test_draws_in_a_seeded_block_follow_the_stream():
    with seeded("step", 1):
        first = torch.rand(4)
    with seeded("step", 1):
        again = torch.rand(4)
    with seeded("step", 2):
        other = torch.rand(4)

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_global_generator_is_as_before_after_a_seeded_block():
    before = torch.random.get_rng_state()
    with seeded("step", 1):
        torch.rand(4)

    assert torch.equal(torch.random.get_rng_state(), before)


def test_global_generator_is_as_before_after_an_error_in_a_seeded_block():
    before = torch.random.get_rng_state()
    with pytest.raises(KeyError), seeded("step", 1):
        torch.rand(4)
        raise KeyError

    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_block_seeded_by_a_generator_follows_it_and_restores_the_global_one():
    before = torch.random.get_rng_state()
    draws = []
    for seed in (0, 0, 1):
        with seeded_by(torch.Generator().manual_seed(seed)):
            draws.append(torch.rand(4))

    assert torch.equal(draws[0], draws[1])
    assert not torch.equal(draws[0], draws[2])
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_generator_seeds_two_blocks_differently():
    generator = torch.Generator().manual_seed(0)
    with seeded_by(generator):
        first = torch.rand(4)
    with seeded_by(generator):
        second = torch.rand(4)

    assert not torch.equal(first, second)
