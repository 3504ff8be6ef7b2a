"""What a person sees while cells run."""

import pytest

from benchmarks import progress as progress_module
from benchmarks.durations import duration
from benchmarks.plan import Cell
from benchmarks.progress import Progress
from benchmarks.runner import Outcome


def cell(name: str, cost: float = 1.0, variant: str = "") -> Cell:
    return Cell(
        f"synthetic-{name}", "synthetic", name, variant, 0, description={}, reads=(), cost=cost
    )


class Clock:
    """Stands in for the system's clock."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(progress_module.time, "monotonic", clock)
    return clock


def test_time_left_is_weighed_by_cost(clock):
    cells = [cell("ce"), cell("slow", 3.0), cell("focal")]
    progress = Progress(cells, 1)
    clock.now += 10

    progress.finished(Outcome(cells[0], "done", 10.0))
    # 10 s for cost 1; cost 4 is left.
    assert progress.left() == "40 s left"
    clock.now += 30
    progress.finished(Outcome(cells[1], "done", 30.0))
    # 40 s for cost 4; cost 1 is left.
    assert progress.left() == "10 s left"


def test_before_the_first_cell_nothing_is_promised(clock):
    assert Progress([cell("ce")], 1).left() == "estimating the time left"


def test_after_the_last_cell_the_study_is_complete(clock):
    progress = Progress([cell("ce")], 1)

    progress.finished(Outcome(cell("ce"), "done", 1.0))

    assert progress.left() == "complete"


def test_without_a_terminal_each_cell_is_a_plain_line(clock, capsys):
    cells = [cell("ce"), cell("focal", variant="gamma=3")]
    progress = Progress(cells, 1)
    clock.now += 5

    progress.finished(Outcome(cells[0], "done", 4.9))
    progress.finished(Outcome(cells[1], "failed", 0.1, "ValueError: no"))
    progress.close()

    assert capsys.readouterr().out.splitlines() == [
        "[1/2] synthetic ce seed 0: done in 4.9 s; 5 s left",
        "[2/2] synthetic focal (gamma=3) seed 0: failed in 0.1 s (ValueError: no); complete",
    ]
    assert progress.failed == 1


def test_on_a_terminal_one_line_counts_done_running_and_failed(clock, capsys, monkeypatch):
    monkeypatch.setattr(progress_module.sys.stderr, "isatty", lambda: True, raising=False)
    cells = [cell("ce"), cell("focal"), cell("slow")]
    progress = Progress(cells, 2)
    clock.now += 5
    progress.finished(Outcome(cells[0], "failed", 1.0, "ValueError: no"))
    progress.close()

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "failed: synthetic-ce: ValueError: no" in shown.err
    assert "1/3 cells" in shown.err
    assert "2 running, 1 failed, 10 s left" in shown.err


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.2, "0 s"), (45, "45 s"), (99.4, "99 s"), (100, "2 min"), (720, "12 min"),
        (5970, "1 h 40 min"), (12_000, "3 h 20 min"), (86_400, "24 h 0 min"),
    ],
)  # fmt: skip
def test_durations_are_said_as_a_person_does(seconds, said):
    assert duration(seconds) == said
