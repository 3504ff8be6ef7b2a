"""A trained method's log-probabilities on a part, with nothing but what it may see at test."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks.errors import TrainingDiverged
from benchmarks.parts import CellData, Fields, Part
from benchmarks.pictures import Pictures
from benchmarks.protocol import Protocol
from datasets.spec import Batch
from methods.base import Method

#: pictures a forward pass
INFERENCE_BATCH = 250


def predict(
    method: Method, data: CellData, part: Part, pictures: Pictures, protocol: Protocol
) -> NDArray[np.float32]:
    """(n, K) log-probabilities of a part, which may be empty, in evaluation mode.

    The method is handed pictures only, and groups if its card says that it may read them at test.

    Raises:
        TrainingDiverged: a prediction is not a number.
    """
    if not len(part):
        return np.empty((0, data.faces.spec.num_classes), dtype=np.float32)
    method.eval()
    fields = Fields(data, part, method.card, pictures.device, role="test")
    blocks = []
    with torch.inference_mode(), protocol.autocast(pictures.device):
        for start in range(0, len(part), INFERENCE_BATCH):
            rows = torch.arange(start, min(start + INFERENCE_BATCH, len(part)))
            images = pictures.read(part.rows[rows.numpy()])
            batch = Batch(images=images, **fields.take(rows))
            blocks.append(method.predict(batch).float().cpu())
    predicted = torch.cat(blocks)
    if protocol.precision == "bfloat16":
        # Rounded to 8 bits, the probabilities of a row no longer sum to 1.
        predicted = predicted.log_softmax(dim=1)
    result: NDArray[np.float32] = predicted.numpy()
    if np.isnan(result).any():
        raise TrainingDiverged(
            "The method predicts NaN; lower the learning rate or its coefficient."
        )
    return result
