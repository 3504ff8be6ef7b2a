"""Errors of the harness that a user can cause; exit code 2."""

from datasets.errors import EvenFaceError


class StudyError(EvenFaceError):
    """The study asks for something unknown or impossible."""


class StoreError(EvenFaceError):
    """Results cannot be written where they were asked for."""


class TrainingDiverged(EvenFaceError):
    """A loss term or a prediction is no longer a finite number; the cell fails."""


class ProgramError(EvenFaceError):
    """A file does not hold the exported computation that was asked for."""


class BackboneError(EvenFaceError):
    """A backbone is unknown or its weights do not fit."""
