"""What each column of a file is: said by the user, otherwise guessed from its name, and shown."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reports.audit.action_units import chosen_units, unit_columns
from reports.errors import ReportError
from reports.tabular.columns import listed, missing_column
from reports.tabular.levels import MAX_LEVELS, AttributeSpec, is_unknown

#: what a user writes for "there is no such column"
NO_COLUMN = "none"

#: role -> the option that names it
OPTIONS = {
    "dataset": "--dataset", "labels": "--label", "votes": "--votes", "attributes": "--attribute",
    "action_units": "--au", "conditions": "--strata", "cluster": "--cluster",
    "prediction": "--prediction", "weight": "--weight", "labelled": "--labelled",
}  # fmt: skip

#: names, in lower case and with blanks as underscores, by which a role is guessed
WORDS = {
    "dataset": ("dataset", "data_set", "database", "corpus"),
    "labels": (
        "label", "labels", "emotion", "emotions", "expression", "expressions", "emotion_label",
        "expression_label", "label_emotion", "facial_expression",
    ),
    "conditions": (
        "intended", "intended_emotion", "intended_expression", "posed_emotion", "acted_emotion",
        "target_emotion", "instructed_emotion",
    ),
    "cluster": (
        "subject", "actor", "person", "identity", "participant", "subject_id", "actor_id",
        "person_id", "identity_id", "participant_id", "subjectid", "actorid", "personid",
    ),
    "prediction": (
        "prediction", "predicted", "pred", "predicted_label", "predicted_emotion",
        "predicted_expression", "y_pred",
    ),
    "weight": ("n", "count", "counts"),
    "labelled": ("n_labelled", "n_labeled"),
}  # fmt: skip
VOTE_PREFIXES = ("votes_", "vote_")
#: numbers up to this may be codes of groups
_LARGEST_CODE = 12
EMOTIONS = frozenset(
    {"neutral", "happiness", "happy", "surprise", "surprised", "sadness", "sad", "anger", "angry",
     "disgust", "disgusted", "fear", "fearful", "afraid", "contempt"}
)  # fmt: skip
#: vote columns that may stand beside those of emotions
OTHER_VOTES = frozenset({"unknown", "other", "not_a_face", "notface", "nf", "unsure", "none"})
ATTRIBUTES = frozenset(
    {"gender", "sex", "race", "ethnicity", "age", "skintone", "skin_tone", "tone", "fitzpatrick"}
)
#: parts of a column name that say the attribute is a classifier's guess
GUESSED_BY_MODEL = frozenset({"pred", "predicted", "prediction", "estimated", "fairface"})


@dataclass(frozen=True)
class Roles:
    """The column of each role; an empty one is open and will be guessed, `none` says there is none.

    Attributes:
        dataset: column that tells data sets apart.
        labels: column with one label an image.
        positives: the classes that are asked about; empty asks about all.
        votes: columns with the number of annotators who chose a class.
        attributes: protected attributes.
        action_units: units (`AU06`) or their columns.
        conditions: columns that name the facial movement in words, as `intended`.
        cluster: column of the person (or other unit) that several rows share.
        prediction: column with the class that a model predicts.
        weight: column with the number of images that a row stands for.
        labelled: in a file of counts, column with how many of these carry the label.
        predicted_attributes: names of attributes that are guesses of a classifier.
        notes: sentences on what was guessed.
        settled: nothing is left to guess.
    """

    dataset: str = ""
    labels: str = ""
    positives: tuple[str, ...] = ()
    votes: tuple[str, ...] = ()
    attributes: tuple[AttributeSpec, ...] = ()
    action_units: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    cluster: str = ""
    prediction: str = ""
    weight: str = ""
    labelled: str = ""
    predicted_attributes: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    settled: bool = False

    def guessed(
        self, columns: Sequence[str], sample: Mapping[str, Sequence[str]], *, source: str = "file"
    ) -> Roles:
        """The roles with every open one guessed from the columns, and `none` taken out.

        Args:
            columns: of the file.
            sample: column -> its first cells.
            source: the file, for messages.

        Raises:
            ReportError: a column named does not exist, two columns fit an open role (the message
                names the option), or nothing looks like a label.
        """
        if self.settled:
            return self
        self._check(columns, source)
        guess = _Guess(columns, sample, source, self._taken())
        found = dataclasses.replace(
            self,
            dataset=guess.column("dataset", self.dataset),
            prediction=guess.column("prediction", self.prediction),
            weight=guess.column("weight", self.weight),
            labelled=guess.column("labelled", self.labelled),
            cluster=guess.column("cluster", self.cluster),
            conditions=guess.several("conditions", self.conditions),
        )  # fmt: skip
        found = dataclasses.replace(
            found,
            votes=guess.votes(self),
            action_units=guess.units(self.action_units),
            attributes=guess.attributes(self.attributes),
        )
        found = dataclasses.replace(found, labels=guess.label(self, found.votes))
        predicted = guess.predicted(found.attributes, self)
        return dataclasses.replace(
            found,
            predicted_attributes=predicted,
            notes=(*self.notes, *guess.notes),
            settled=True,
        )

    def _taken(self) -> frozenset[str]:
        single = (self.dataset, self.labels, self.cluster, self.prediction, self.weight,
                  self.labelled)  # fmt: skip
        return frozenset(
            (*single, *self.votes, *self.conditions, *(spec.column for spec in self.attributes))
        )

    def _check(self, columns: Sequence[str], source: str) -> None:
        for role in ("dataset", "labels", "cluster", "prediction", "weight", "labelled"):
            _check_column(getattr(self, role), columns, role, source)
        for role in ("votes", "conditions"):
            for column in getattr(self, role):
                _check_column(column, columns, role, source)
        for spec in self.attributes:
            _check_column(spec.column, columns, "attributes", source)
        for column in filter(None, (self.labels, *self.votes)):
            if column in {spec.column for spec in self.attributes} - {NO_COLUMN}:
                raise ReportError(
                    f"{source}: {column!r} cannot be both label and attribute; name another column"
                )
        if self.labels not in ("", NO_COLUMN) and _given(self.votes):
            raise ReportError("--label and --votes exclude each other: labels are one or the other")
        if _given(self.action_units):
            chosen_units(self.action_units, columns, source=source)


def _given(values: tuple[str, ...]) -> bool:
    return values not in ((), (NO_COLUMN,))


def _check_column(name: str, columns: Sequence[str], role: str, source: str) -> None:
    if name not in ("", NO_COLUMN) and name not in columns:
        raise ReportError(missing_column(source, name, columns, OPTIONS[role]))


def _folded(column: str) -> str:
    return re.sub(r"[\s\-]+", "_", column.strip().lower())


def _words(column: str) -> set[str]:
    """Parts of a column name: `actorGender_2` has actor and gender."""
    split = re.sub(r"([a-z])([A-Z])", r"\1_\2", column)
    return {re.sub(r"\d+$", "", part) for part in re.split(r"[^0-9A-Za-z]+", split.lower())}


class _Guess:
    """Guesses for one file, each noted as a sentence."""

    def __init__(
        self,
        columns: Sequence[str],
        sample: Mapping[str, Sequence[str]],
        source: str,
        taken: frozenset[str],
    ) -> None:
        self.columns, self.sample, self.source = columns, sample, source
        #: columns that have a role and are guessed for no other
        self.taken = set(taken)
        self.notes: list[str] = []

    def fitting(self, role: str) -> tuple[str, ...]:
        return tuple(
            column
            for column in self.columns
            if column not in self.taken and _folded(column) in WORDS[role]
        )

    def column(self, role: str, given: str) -> str:
        if given:
            return "" if given == NO_COLUMN else given
        fits = self.fitting(role)
        if len(fits) > 1:
            raise ReportError(
                f"{self.source}: {' and '.join(map(repr, fits))} may both be the {role}; name one "
                f"with {OPTIONS[role]}, or write {OPTIONS[role]} {NO_COLUMN}"
            )
        if not fits:
            return ""
        self._note(role, fits)
        return fits[0]

    def several(self, role: str, given: tuple[str, ...]) -> tuple[str, ...]:
        if given:
            return given if _given(given) else ()
        fits = self.fitting(role)
        if fits:
            self._note(role, fits)
        return fits

    def votes(self, roles: Roles) -> tuple[str, ...]:
        if roles.votes or roles.labels not in ("", NO_COLUMN):
            return roles.votes if _given(roles.votes) else ()
        free = [column for column in self.columns if column not in self.taken]
        # Also those that hold no counts, as -1: left out they would be missed by nobody.
        named_so = (c for c in free if _folded(c).startswith(VOTE_PREFIXES))
        fits = tuple(c for c in named_so if _holds_numbers(self.sample[c]))
        if not fits:
            named = [c for c in free if _folded(c) in EMOTIONS and self._counts(c)]
            # One or two may be anything, for instance yes or no for one emotion.
            if len(named) > 2:
                others = [c for c in free if _folded(c) in OTHER_VOTES and self._counts(c)]
                fits = tuple(c for c in free if c in named or c in others)
        if fits and (labels := self.fitting("labels")):
            raise ReportError(
                f"{self.source}: labels may be votes ({listed(fits)}) or {labels[0]!r}; give "
                f"--votes or --label"
            )
        if fits:
            self._note("votes", fits)
        return fits

    def label(self, roles: Roles, votes: tuple[str, ...]) -> str:
        if votes or roles.labels == NO_COLUMN:
            if not votes:
                raise ReportError(f"{self.source}: an audit needs labels; give --label or --votes")
            return ""
        found = self.column("labels", roles.labels)
        if not found and len(self.columns) == 1:
            raise ReportError(
                f"{self.source} has a single column, {self.columns[0]!r}: separate columns with "
                f"commas, tabs or semicolons"
            )
        if not found:
            raise ReportError(
                f"{self.source}: no column looks like a label; name it with --label (it has "
                f"{listed(self.columns)})"
            )
        return found

    def units(self, given: tuple[str, ...]) -> tuple[str, ...]:
        if given:
            return given if _given(given) else ()
        found = tuple(unit.column for unit in unit_columns(self.columns))
        if found:
            self._note("action_units", found)
        return found

    def attributes(self, given: tuple[AttributeSpec, ...]) -> tuple[AttributeSpec, ...]:
        if given:
            return () if [spec.column for spec in given] == [NO_COLUMN] else given
        fits = []
        for column in self.columns:
            words = _words(column) | {_folded(column)}
            if column in self.taken or not words & ATTRIBUTES:
                continue
            levels = {cell for cell in self.sample[column] if not is_unknown(cell)}
            if len(levels) > MAX_LEVELS or _are_measured(levels):
                self.notes.append(
                    f"attribute: column `{column}` is left out, it holds {len(levels)} different "
                    f"values in the first rows; give groups, as --attribute "
                    f"'{column}_groups={column}:{'<=39|>=40' if _are_measured(levels) else 'A|B'}'"
                )
            else:
                fits.append(column)
        if fits:
            self._note("attributes", fits)
        return tuple(AttributeSpec(column, column) for column in fits)

    def predicted(self, specs: tuple[AttributeSpec, ...], roles: Roles) -> tuple[str, ...]:
        names = {spec.name for spec in specs}
        if roles.predicted_attributes:
            wanted = roles.predicted_attributes
            for name in wanted if _given(wanted) else ():
                if name not in names:
                    raise ReportError(
                        f"{name!r} is said to be predicted but is no attribute; attributes are "
                        f"{', '.join(sorted(names)) or 'none'}"
                    )
            return wanted if _given(wanted) else ()
        found = tuple(spec.name for spec in specs if _words(spec.column) & GUESSED_BY_MODEL)
        if found:
            self.notes.append(f"predicted attribute: {', '.join(found)} (guessed)")
        return found

    def _counts(self, column: str) -> bool:
        """Whether the first cells are whole numbers, or empty."""
        return all(re.fullmatch(r"\d+(\.0*)?|", cell) for cell in self.sample[column])

    def _note(self, role: str, columns: Sequence[str]) -> None:
        self.taken |= set(columns)
        names = ", ".join(f"`{column}`" for column in columns)
        what = "column" if len(columns) == 1 else "columns"
        name = {"labels": "label", "weight": "images of a row", "attributes": "attribute",
                "action_units": "action units", "labelled": "labelled images",
                "conditions": "facial movement in words"}.get(role, role)  # fmt: skip
        self.notes.append(f"{name}: {what} {names} (guessed)")


def _holds_numbers(cells: Sequence[str]) -> bool:
    """Whether the first cells are numbers of any kind, or empty."""
    number = r"[+-]?(\d+(\.\d*)?(e[+-]?\d+)?|inf|nan)|"
    return all(re.fullmatch(number, cell, re.IGNORECASE) for cell in cells)


def _are_measured(levels: set[str]) -> bool:
    """Whether levels are numbers too large or too fine to be codes of groups, as years of age."""
    if not levels or not all(re.fullmatch(r"\d+(\.\d+)?", level) for level in levels):
        return False
    numbers = [float(level) for level in levels]
    return max(numbers) > _LARGEST_CODE or any(number != int(number) for number in numbers)
