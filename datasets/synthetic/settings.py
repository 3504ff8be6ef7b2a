"""The generator's settings: sizes, bias knobs, difficulty and measurement error."""

from __future__ import annotations

from dataclasses import dataclass

from datasets.errors import SettingError
from datasets.settings import setting


@dataclass(frozen=True)
class SyntheticSettings:
    """Settings of the synthetic faces; `bias=0` turns every bias knob off at once."""

    pool_images: int = setting(
        3000, low=20, doc="pictures of the people that a seed splits into training and validation"
    )
    test_images: int = setting(
        3000, low=20, doc="pictures of the other people that form the fixed test part"
    )
    pictures_per_subject: int = setting(5, low=1, high=50, doc="pictures of each person")
    validation_share: float = setting(
        0.2, low=0.01, high=0.9, doc="share of the pool's people that a seed puts into validation"
    )
    population_seed: int = setting(0, low=0, doc="which population of people and pictures is drawn")
    train_labels: str = setting(
        "annotator",
        choices=("annotator", "truth"),
        doc="labels of training and validation: the annotator's, or the truth (oracle row)",
    )

    bias: float = setting(
        1.0, low=0.0, high=1.0, doc="scales all bias knobs of this list towards none; 0 = all off"
    )
    light_share: float = setting(
        0.77, low=0.0, high=1.0, doc="bias: share of light skin among the pool's people (RAF-DB)"
    )
    medium_share: float = setting(
        0.15, low=0.0, high=1.0, doc="bias: share of medium skin; the rest (0.08) is dark (RAF-DB)"
    )
    female_share: float = setting(
        0.55, low=0.0, high=1.0, doc="bias: share of women among the pool's people (RAF-DB)"
    )
    label_group_correlation: float = setting(
        0.5,
        low=0.0,
        high=1.0,
        doc="bias c: in the pool, angry is (1+c) times as frequent as balanced among men and (1-c)"
        " among women; happy the other way round",
    )
    annotation_bias: float = setting(
        0.375,
        low=0.0,
        high=1.0,
        doc="bias: the annotator's evidence threshold is this much lower for anger of men and for"
        " happiness of women (unit: evidence, 1 = a full prototype)",
    )
    quality_gap: float = setting(
        0.0,
        low=0.0,
        high=1.0,
        doc="bias: blur, noise and loss of contrast added to dark skin (half of it to medium);"
        " 1 = blur of 3 % of the picture's width, noise sd 0.06, contrast 0.5",
    )

    annotator_noise: float = setting(
        0.06, low=0.0, high=1.0, doc="sd of the annotator's unbiased error, in units of evidence"
    )
    annotator_slips: float = setting(
        0.02, low=0.0, high=1.0, doc="share of labels that the annotator gives at random"
    )
    weakest: float = setting(
        0.7, low=0.05, high=1.0, doc="intensity of the weakest expressions; the strongest have 1"
    )
    blend: float = setting(
        0.4, low=0.0, high=1.0, doc="largest share of a second expression mixed into a face"
    )
    image_noise: float = setting(
        0.01, low=0.0, high=0.5, doc="sd of the pixel noise, in units of full scale"
    )
    au_error: float = setting(
        0.1, low=0.0, high=1.0, doc="sd of the error of the measured action units, before clipping"
    )
    au_missing: float = setting(
        0.0, low=0.0, high=1.0, doc="share of pictures whose action units were not measured"
    )

    def __post_init__(self) -> None:
        if self.light_share + self.medium_share > 1.0 + 1e-9:
            raise SettingError(
                "synthetic.light_share and synthetic.medium_share must add up to at most 1, "
                f"not {self.light_share + self.medium_share:g}."
            )

    def scaled(self, name: str) -> float:
        """A bias knob of amount (0 = none) after `bias` has scaled it."""
        return float(getattr(self, name)) * self.bias

    def tone_shares(self) -> tuple[float, float, float]:
        """Shares of light, medium and dark skin in the pool; equal thirds without bias."""
        light, medium = self.light_share, self.medium_share
        shares = (light, medium, 1.0 - light - medium)
        return tuple(1 / 3 + self.bias * (share - 1 / 3) for share in shares)  # type: ignore[return-value]

    def gender_shares(self) -> tuple[float, float]:
        """Shares of women and men in the pool; one half each without bias."""
        female = 0.5 + self.bias * (self.female_share - 0.5)
        return female, 1.0 - female
