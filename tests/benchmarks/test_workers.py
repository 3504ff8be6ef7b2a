"""Processes that share the work of a report."""

import os
from operator import neg

import pytest

from benchmarks.workers import Workers

ITEMS = [3, 1, 2]


@pytest.mark.parametrize("few", [4, 3], ids=["in this process", "in others"])
def test_results_come_in_the_order_asked_for_with_their_places(few):
    with Workers(2) as workers:
        found = list(workers.each(neg, ITEMS, few=few, order=[2, 0, 1]))

    assert found == [(2, -2), (0, -3), (1, -1)]


def test_what_is_few_is_done_in_this_process():
    with Workers(2) as workers:
        assert [own for _, own in workers.each(_process, ITEMS, few=4)] == [os.getpid()] * 3


def test_several_processes_do_what_is_more():
    with Workers(2) as workers:
        assert os.getpid() not in [own for _, own in workers.each(_process, ITEMS, few=3)]


def test_an_error_in_another_process_is_raised_here():
    with Workers(2) as workers, pytest.raises(ZeroDivisionError):
        list(workers.each(_divided, ITEMS, few=3))


def _process(item: int) -> int:
    return os.getpid()


def _divided(item: int) -> float:
    return 1 / (item - 1)
