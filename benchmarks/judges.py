"""Independent judges of what pictures and features show: a network, and a linear probe."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.backbones import make_backbone
from benchmarks.parts import CellData, Part, make_task
from benchmarks.pictures import Pictures
from benchmarks.prediction import INFERENCE_BATCH
from benchmarks.protocol import Protocol
from benchmarks.seeding import seeded, torch_generator
from benchmarks.trainer import Trainer
from datasets.spec import Batch, Codes
from methods.base import Losses, Method, Step, method
from methods.ops import cross_entropy

#: penalty of the probe's squared weights, on standardised features and mean cross entropy
_PENALTY = 0.01
_ITERATIONS = 200


@method("Judge", family="baseline", source="plain cross entropy", key="judge")
class Judge(Method):
    """The study's backbone with a linear head, trained with cross entropy."""

    def loss(self, batch: Batch, step: Step) -> Losses:
        return {"ce": cross_entropy(self.logits(batch.images), batch.labels)}

    def decide(self, images: Tensor) -> Tensor:
        """(B,) codes of the likeliest values."""
        return self.predict(Batch(images=images)).argmax(dim=1)


@dataclass(frozen=True)
class Question:
    """What a judge decides: a code for each picture of the data set.

    Attributes:
        name: of the question, for seeds.
        answers: names of the values.
        codes: (N,) value of each picture of the data set, -1 unknown.
    """

    name: str
    answers: tuple[str, ...]
    codes: Codes


def train_judge(
    question: Question, data: CellData, pictures: Pictures, protocol: Protocol, seed: int
) -> Judge:
    """A judge trained on the real training pictures whose answer is known, on the study's budget.

    Args:
        question: what it decides.
        data: the cell whose training and validation parts are used.
        pictures: their reader.
        protocol: backbone, optimiser and budget.
        seed: of the cell.
    """
    asked = _asked(question, data)
    judge = Judge(make_task(asked, Judge.card, protocol.pixels))
    name = data.faces.spec.name
    generator = torch_generator("judge", question.name, name, seed)
    with seeded("judge", question.name, name, seed):
        judge.trunk = make_backbone(protocol.backbone, generator)
        judge.head = nn.Linear(int(judge.trunk.num_features), len(question.answers))  # type: ignore[arg-type]
    judge = judge.to(pictures.device)
    if protocol.channels_last:
        judge = judge.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    training = Trainer(judge, asked, pictures, protocol, seed).run()
    judge.load_state_dict(training.checkpoints["last"].state)
    return judge.eval()


def _asked(question: Question, data: CellData) -> CellData:
    """The parts of a cell with the answers for labels; pictures without an answer are left out."""
    spec = replace(
        data.faces.spec, classes=question.answers, attributes=(), default_groups=(), action_units=()
    )
    empty = np.zeros((len(data.faces), 0), dtype=np.int64)
    faces = replace(
        data.faces, spec=spec, labels=question.codes, attributes=empty, action_units=None,
        action_units_known=None,
    )  # fmt: skip
    parts = []
    for part in (data.train, data.validation, data.test):
        rows = part.rows[question.codes[part.rows] >= 0]
        groups = np.zeros(len(rows), dtype=np.int64)
        parts.append(Part(rows, question.codes[rows], empty[rows], groups))
    return CellData(faces, (), *parts)


def probe(
    training: Tensor, answers: Codes, features: Tensor, num_answers: int
) -> NDArray[np.int64]:
    """(n,) answers that a fresh linear classifier reads off features.

    Multinomial logistic regression with an L2 penalty, fitted until it no longer improves.

    Args:
        training: (N, d) features it is fitted on.
        answers: (N,) codes of theirs.
        features: (n, d) features it is asked about.
        num_answers: number of codes.
    """
    std, mean = torch.std_mean(training.double(), dim=0, correction=0)
    std = torch.where(std > 0, std, torch.ones_like(std))
    inputs = (training.double() - mean) / std
    wanted = torch.from_numpy(answers).to(inputs.device)
    weights = inputs.new_zeros(inputs.shape[1], num_answers).requires_grad_()
    bias = inputs.new_zeros(num_answers).requires_grad_()
    optimiser = torch.optim.LBFGS(
        [weights, bias], max_iter=_ITERATIONS, line_search_fn="strong_wolfe"
    )

    def closure() -> float:
        optimiser.zero_grad()
        loss = cross_entropy(inputs @ weights + bias, wanted)
        loss = loss + 0.5 * _PENALTY * weights.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return float(loss.detach())

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    with torch.no_grad():
        scores = ((features.double() - mean) / std) @ weights + bias
    decided: NDArray[np.int64] = scores.argmax(dim=1).cpu().numpy()
    return decided


def representations_of(trained: Method, pictures: Pictures, rows: Codes) -> dict[str, Tensor]:
    """Name -> (n, d) vectors of the pictures in `rows`, in evaluation mode."""
    blocks: dict[str, list[Tensor]] = {}
    with torch.inference_mode():
        for start in range(0, len(rows), INFERENCE_BATCH):
            images = pictures.read(rows[start : start + INFERENCE_BATCH])
            for name, values in trained.representations(images).items():
                blocks.setdefault(name, []).append(values.cpu())
    return {name: torch.cat(parts).clone() for name, parts in blocks.items()}
