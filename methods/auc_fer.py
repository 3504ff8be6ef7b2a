"""AUC-FER: faces with the same active action units stay close, whatever their label or group.

Annotators label the same face differently when the person is a woman or a man. The muscles of the
face do not depend on the label, so the features of faces that use the same ones are pulled together
and those of faces that use different ones are pushed apart:

    loss = CE + lambda L_trp
    L_trp = mean over active triplets of D(z_a, z_p) - D(z_a, z_n) + margin,   q_p = q_a, q_n != q_a

with z the features scaled to length 1, q the code of a face (which of a few action units are
active, `shared/action_unit_codes.py`) and triplets mined as in `shared/triplets.py`. It needs
action units in training. Groups are not in the loss: by default (`balance = gender_x_code`) they
decide how often a sample is drawn, so that every combination of gender and code is seen equally
often; `balance = none` needs no groups. Prediction as in `ce`.

Where we differ. The paper decides on one expression at a time, with the units of that expression;
for several classes codes run over a list of units, and codes with fewer than `min_count` training
images are merged into the nearest frequent one. Units are active above 0.5 of their range; the
authors' thresholds of OpenFace's intensities are `thresholds = openface`. AU04's threshold for each
gender (S3 Table 1) is not offered; AU05, AU07 and AU23 are thresholded like the others, where the
authors take the detector's presence output. The paper's thresholds on the prediction are chosen on
the test set; here the class is the argmax. Samples without action units take no part in L_trp and,
like those of unknown group, are drawn as often as without balancing. Where gender is not declared,
the product of all groups takes its place. lambda is the paper's for anger (happiness: 100). Beware:
features that have collapsed to a point give L_trp = margin, where the authors' own runs stay from
first to last; `history.csv` tells.

Two values of `units` are controls: `shuffled` gives every measured face the vector of another one
(`shared/shuffled_units.py`); `none` takes the class for the code, which leaves the triplets and
the balancing and takes the action units out. With strength 0 there is neither triplet term nor
balancing: the run is `ce`, bit for bit.
"""

from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from datasets.settings import setting
from datasets.spec import Batch, DatasetSpec
from methods.base import Losses, MakeBackbone, Method, MethodCard, Stage, Step, Update, method
from methods.ops import cross_entropy
from methods.shared.action_unit_codes import DEFAULT_UNITS, MAX_UNITS, ActionUnitCodes
from methods.shared.au_matching import skip_reason
from methods.shared.sampling import draw_rows
from methods.shared.shuffled_units import UNITS, ShuffledUnits, with_sample_index
from methods.shared.strata import stratum_codes
from methods.shared.triplets import collapse, triplet_loss
from methods.shared.weighting import inverse_counts

#: names under which data sets declare what `balance` calls gender
GENDER = ("gender", "sex", "male")


@method(
    "AUC-FER",
    family="contrastive",
    source="Chen and Joo 2021, Eq. 1 to 3; supplement (S3) Sec. 1.3; yunliangchen/auc-fer",
    needs=("action_units", "train_groups"),
    cost=1.2,
)
class AucFer(Method):
    @dataclass(frozen=True)
    class Settings:
        strength: float = setting(
            10.0, doc="lambda (S3 Sec. 1.3, anger)", search=(0.1, 1.0, 10.0, 100.0), low=0.0
        )
        margin: float = setting(
            1.0, doc="margin of the triplets (auc-fer)", search=(0.2, 0.5, 1.0), low=0.0
        )
        epsilon: float = setting(
            0.1, doc="slack of the miner, a difference of cosines (auc-fer)", low=0.0
        )
        balance: str = setting(
            "gender_x_code",
            doc="draw every combination of gender and code equally often (S3), or every sample",
            choices=("gender_x_code", "none"),
        )
        units: str = setting(
            "measured",
            doc="what codes are made of: action units, those of another face or the class "
            "(both controls)",
            choices=(*UNITS, "none"),
        )
        action_units: tuple[str, ...] = setting(
            (), doc="units of the code; empty: those of AU01, 04, 06, 12, 15, 23 that there are"
        )
        threshold: float = setting(
            0.5, doc="value above which a unit is active, units in [0, 1]", low=0.0, high=1.0
        )
        thresholds: str = setting(
            "uniform",
            doc="one threshold for all units, or those of OpenFace's intensities over 5 (auc-fer)",
            choices=("uniform", "openface"),
        )
        min_count: int = setting(
            20, doc="training images below which a code is merged (our choice)", low=1
        )

    @classmethod
    def skip(cls, spec: DatasetSpec, settings: Any) -> str | None:
        if settings.units == "none":
            return None
        if len(settings.action_units) > MAX_UNITS:
            return f"codes of more than {MAX_UNITS} action units are not offered"
        return skip_reason(spec, settings.action_units, DEFAULT_UNITS)

    @classmethod
    def card_for(cls, settings: Any) -> MethodCard:
        needs = {"train_groups"} if settings.balance != "none" else set()
        if settings.units != "none":
            needs.add("action_units")
        card = replace(cls.card, needs=frozenset(needs))
        return with_sample_index(card) if settings.units == "shuffled" else card

    def build_extras(self, make_backbone: MakeBackbone, generator: torch.Generator) -> None:
        self.shuffled = ShuffledUnits()
        if self.settings.units != "none":
            self.coder = ActionUnitCodes(
                self.task.spec,
                self.settings.action_units,
                openface=self.settings.thresholds == "openface",
                threshold=self.settings.threshold,
                min_count=self.settings.min_count,
            )

    @property
    def num_codes(self) -> int:
        """Number of codes in use, known once training has begun."""
        return self.task.num_classes if self.settings.units == "none" else self.coder.num_codes

    def stages(self) -> tuple[Stage, ...]:
        updates = (Update(self.loss, self.parameter_sets()),)
        if self.settings.strength == 0:
            return (Stage("train", updates),)
        prepare = self._prepare if self.settings.units != "none" else None
        sampling = self._rows if self.settings.balance != "none" else None
        return (Stage("train", updates, prepare=prepare, sampling=sampling),)

    def loss(self, batch: Batch, step: Step) -> Losses:
        features = self.features(batch.images)
        ce = cross_entropy(self.head(features), batch.labels)
        if self.settings.strength == 0:
            return {"ce": ce}
        margin, epsilon = self.settings.margin, self.settings.epsilon
        triplet = triplet_loss(features, self.codes(batch), margin=margin, epsilon=epsilon)
        return {"ce": ce, "triplet": self.settings.strength * triplet}

    def diagnostics(self, batch: Batch) -> Losses:
        """Active triplets, spread of the features, number of codes: whether the term works."""
        if self.settings.strength == 0:
            return {}
        margin, epsilon = self.settings.margin, self.settings.epsilon
        features = self.features(batch.images)
        found = collapse(features, self.codes(batch), margin=margin, epsilon=epsilon)
        return {**vars(found), "num_codes": torch.tensor(float(self.num_codes))}

    def codes(self, batch: Batch) -> Tensor:
        """(B,) codes of the samples of a batch, -1 unknown."""
        match self.settings.units:
            case "none":
                return batch.labels
            case "shuffled":
                codes: Tensor = self.coder(self.shuffled(batch))
            case _:
                codes = self.coder(batch)
        return codes

    def _prepare(self, training: Batch, generator: torch.Generator) -> None:
        if self.settings.units == "shuffled":
            self.shuffled.deal(training, generator)
        self.coder.learn(training)

    def _rows(self, training: Batch, epoch: int, generator: torch.Generator) -> Tensor:
        return draw_rows(self.sampling_weights(training), generator)

    def sampling_weights(self, training: Batch) -> Tensor:
        """(n,) weights of mean 1 that are equal in sum for every combination of gender and code."""
        codes, (genders, size) = self.codes(training), self._genders(training)
        cells = torch.where(codes >= 0, stratum_codes(codes, genders, size), codes)
        known = cells >= 0
        counts = torch.bincount(cells[known]).to(torch.float64)
        weights = torch.ones(len(cells), dtype=counts.dtype, device=counts.device)
        weights[known] = inverse_counts(counts)[cells[known]]
        return weights

    def _genders(self, training: Batch) -> tuple[Tensor, int]:
        """(n,) codes of gender, or of the product of all groups, and their number."""
        for column, attribute in enumerate(self.task.groups):
            if attribute.name.lower() in GENDER:
                return training.attributes[:, column], len(attribute.levels)
        return training.groups, self.task.num_groups
