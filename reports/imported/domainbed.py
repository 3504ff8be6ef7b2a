"""Results of DomainBed: `results.jsonl` in a folder a run, accuracies of every domain a checkpoint.

Each domain i is split into `env{i}_in` (80 %) and `env{i}_out`. A run leaves the domains
`args.test_envs` out of training. The accuracy that is reported of a test domain is that of its
`in` part, as in DomainBed, whose oracle chooses on the `out` part.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import pandas as pd

from reports.errors import ReportError
from reports.imported.json_lines import Line, read_lines
from reports.imported.selection import Candidate, Rule, chosen, mean_over, refuse_twins

SUITE = "DomainBed"
VALIDATION = Rule("training_domain_validation", "validation parts of the training domains")
LEAVE_ONE_OUT = Rule("leave_one_domain_out", "leave-one-domain-out cross-validation")
ORACLE = Rule("test_domain_oracle", "ORACLE, reads the test domain: last checkpoint", True)
#: the test set that is the mean over all test domains
MEAN = "mean of domains"

_OUT = re.compile(r"env(\d+)_out_acc")


@dataclass(frozen=True, eq=False)
class _Record:
    """One checkpoint of one run."""

    line: Line
    dataset: str
    method: str
    trial: str
    setting: int
    step: int
    test: tuple[int, ...]
    domains: int

    @property
    def run(self) -> tuple[str, str, str, int]:
        """What the runs of one cross-validation share."""
        return self.dataset, self.method, self.trial, self.setting

    def inner(self, domain: int) -> float:
        return self.line.rate(f"env{domain}_in_acc")

    def outer(self, domain: int) -> float:
        return self.line.rate(f"env{domain}_out_acc")

    def candidate(self, score: float) -> Candidate:
        (domain,) = self.test
        name = f"env{domain}"
        return Candidate(
            self.dataset, self.method, name, self.trial, self.setting, self.step, score,
            {("accuracy", name): self.inner(domain)}, self.line.source,
        )  # fmt: skip


def read_domainbed(root: Path) -> tuple[pd.DataFrame, list[Rule], list[str]]:
    """The chosen runs of all rules (columns `selection.RUNS`), the rules that chose, and notes.

    Hyper-parameters and checkpoint are chosen within a trial, as DomainBed does. The rule of
    cross-validation is there if runs without pairs of domains are.

    Args:
        root: folder of the sweep, or one `results.jsonl`.

    Raises:
        ReportError: no results, a line that is none of DomainBed's, or a run that is there twice.
    """
    lines, notes = read_lines(root, "results.jsonl", SUITE)
    records = [_record(line) for line in lines]
    refuse_twins(((*one.run, one.test, one.step), one.line.source) for one in records)
    single = [one for one in records if len(one.test) == 1]
    if not single:
        raise ReportError(
            f"{root} has no run with a single test domain; there is nothing to report"
        )
    rules = {
        VALIDATION: [one.candidate(_validation(one)) for one in single],
        LEAVE_ONE_OUT: list(_cross_validated(records)),
        ORACLE: [one.candidate(one.outer(one.test[0])) for one in _last(single)],
    }
    used = [rule for rule, candidates in rules.items() if candidates]
    runs = pd.concat([_with_means(chosen(rule, rules[rule])) for rule in used], ignore_index=True)
    return runs, used, notes + _stopped(single)


def _record(line: Line) -> _Record:
    test = line.at("args", "test_envs")
    count = sum(_OUT.fullmatch(key) is not None for key in line.values)
    domains = list(range(count))
    if not isinstance(test, list) or not test or any(one not in domains for one in test):
        raise ReportError(
            f"{line.source}: args.test_envs is {test!r:.40} of {count} domains; give results that "
            f"{SUITE} wrote"
        )
    return _Record(
        line, line.text("args", "dataset"), line.text("args", "algorithm"),
        line.text("args", "trial_seed"), line.whole("args", "hparams_seed"), line.whole("step"),
        tuple(sorted(test)), count,
    )  # fmt: skip


def _validation(one: _Record) -> float:
    return fmean(one.outer(domain) for domain in range(one.domains) if domain not in one.test)


def _cross_validated(records: Sequence[_Record]) -> Iterator[Candidate]:
    """Checkpoints of which all runs exist that leave another domain out, too."""
    pairs: dict[tuple[object, ...], _Record] = {
        (*one.run, one.step, one.test): one for one in records if len(one.test) == 2
    }
    for one in records:
        if len(one.test) != 1:
            continue
        (domain,) = one.test
        others = [other for other in range(one.domains) if other != domain]
        keys = [(*one.run, one.step, tuple(sorted((domain, other)))) for other in others]
        if all(key in pairs for key in keys):
            scores = (pairs[key].inner(other) for key, other in zip(keys, others, strict=True))
            yield one.candidate(fmean(scores))


def _last(records: Sequence[_Record]) -> list[_Record]:
    """The last checkpoint of each run."""
    last: dict[tuple[object, ...], _Record] = {}
    for one in records:
        key = (*one.run, one.test)
        if key not in last or last[key].step < one.step:
            last[key] = one
    return list(last.values())


def _with_means(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs, and the means of each trial over the test domains of its data set."""
    parts = [runs]
    for _, group in runs.groupby("dataset", sort=False):
        domains = sorted(group["test_set"].unique(), key=lambda name: int(name[3:]))
        if len(domains) > 1:
            parts.append(mean_over(group, domains, MEAN))
    return pd.concat(parts, ignore_index=True)


def _stopped(single: Sequence[_Record]) -> list[str]:
    """A note for each data set of which runs end at different steps."""
    notes = []
    ends: dict[str, list[_Record]] = {}
    for one in _last(single):
        ends.setdefault(one.dataset, []).append(one)
    for dataset, runs in ends.items():
        longest = max(one.step for one in runs)
        short = [one for one in runs if one.step < longest]
        if short:
            notes.append(
                f"{dataset}: {len(short)} of {len(runs)} runs end before step {longest}, first "
                f"{short[0].line.source} at step {short[0].step}; they count as they are"
            )
    return notes
