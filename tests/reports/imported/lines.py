"""Miniatures of the lines that DomainBed and SubpopBench write, with the keys of genuine ones."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path


def domainbed_line(
    inner: Sequence[float], outer: Sequence[float], *, algorithm: str = "ERM", test: Sequence[int],
    trial: int = 0, setting: int = 0, step: int = 0, dataset: str = "VLCS",
) -> dict:  # fmt: skip
    """A checkpoint; accuracies of the two parts of each domain."""
    args = {
        "algorithm": algorithm, "checkpoint_freq": None, "dataset": dataset, "hparams": None,
        "holdout_fraction": 0.2, "hparams_seed": setting, "seed": 360234358, "steps": 1001,
        "task": "domain_generalization", "test_envs": list(test), "trial_seed": trial,
        "uda_holdout_fraction": 0,
    }  # fmt: skip
    accuracies = {f"env{i}_in_acc": value for i, value in enumerate(inner)}
    accuracies |= {f"env{i}_out_acc": value for i, value in enumerate(outer)}
    rest = {"epoch": 0.0, "hparams": {"lr": 5e-05}, "loss": 1.7, "step": step, "step_time": 0.9}
    return {"args": args, **accuracies, **rest}


def subpopbench_line(
    validation: Mapping[str, float], test: Mapping[str, float], *, algorithm: str = "ERM",
    seed: int = 0, setting: int = 0, step: int = 0, dataset: str = "Waterbirds",
    train_attr: str = "yes", overall: tuple[float, float] = (0.5, 0.5),
    recalls: tuple[float, float] = (0.5, 0.5), part: str = "te", n: int = 100,
) -> dict:  # fmt: skip
    """A checkpoint; accuracies of the groups (`y=0,a=1`) of both parts."""
    args = {
        "algorithm": algorithm, "dataset": dataset, "hparams_seed": setting, "seed": seed,
        "train_attr": train_attr, "cmnist_label_prob": 0.5, "cmnist_attr_prob": 0.5,
        "cmnist_spur_prob": 0.2, "cmnist_flip_prob": 0.25,
    }  # fmt: skip

    def metrics(groups: Mapping[str, float], accuracy: float) -> dict:
        return {
            "overall": {"accuracy": accuracy, "n_samples": n * len(groups)},
            "per_group": {g: {"accuracy": a, "n_samples": n} for g, a in groups.items()},
            "per_class": {str(i): {"recall": r} for i, r in enumerate(recalls)},
            "min_group": {"accuracy": min(groups.values()), "n_samples": n},
        }

    parts = {"va": metrics(validation, overall[0]), part: metrics(test, overall[1])}
    return {"args": args, "hparams": {}, "step": step, "epoch": 0.0, **parts}


def store(root: Path, name: str, runs: Sequence[Sequence[dict]]) -> Path:
    """Each run's lines in a folder of its own, as a sweep leaves them."""
    for number, lines in enumerate(runs):
        folder = root / f"{number:032x}"
        folder.mkdir(parents=True)
        text = "".join(json.dumps(line, sort_keys=True) + "\n" for line in lines)
        (folder / name).write_text(text)
    return root
