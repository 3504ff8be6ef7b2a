"""What an audit reads: one row an image, with labels (or votes), groups and facial movement."""

from __future__ import annotations

from dataclasses import dataclass

from reports.errors import ReportError
from reports.tabular.groups import Codes, Floats, Grouping


@dataclass(frozen=True, eq=False)
class Observations:
    """One data set, a row an image (or a row of `weights` equal images).

    Attributes:
        name: of the data set, as printed.
        classes: the K label values that are asked about.
        yes: (N, K) votes for each class; 0 or 1 where an image has a single label.
        votes: (N,) votes in all; 1 for a single label, 0 where the label is missing.
        weights: (N,) images that a row stands for.
        groupings: the protected attributes.
        conditions: columns that name the facial movement in words (an intended emotion, say).
        action_units: names of the M units, as `AU06`.
        intensities: (N, M) in the unit of the input; NaN where not measured.
        top: largest value of the scale: 5 (OpenFace), 1 (fractions and presences).
        clusters: (N,) code of the person (or other unit) shared by several rows; None where rows
            are independent.
        cluster_name: what a cluster is, for the text.
        predicted: (N, K) 1 where a model predicts the class; None without a prediction column.
        notes: sentences on what was guessed, left out or merged while reading.
    """

    name: str
    classes: tuple[str, ...]
    yes: Codes
    votes: Codes
    weights: Codes
    groupings: tuple[Grouping, ...]
    conditions: tuple[Grouping, ...]
    action_units: tuple[str, ...]
    intensities: Floats
    top: float
    clusters: Codes | None = None
    cluster_name: str = ""
    predicted: Codes | None = None
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        size = len(self.votes)
        for name in ("yes", "weights", "intensities"):
            if len(getattr(self, name)) != size:
                raise ReportError(f"data set {self.name}: {name} has not {size} rows")

    def __len__(self) -> int:
        return len(self.votes)

    @property
    def has_votes(self) -> bool:
        """Whether some image was labelled more than once, so that images, not votes, are units."""
        return bool((self.votes > 1).any())
