"""The one error of this package that a user can cause."""


class ReportError(Exception):
    """Predictions, frames or names do not fit; the message is one sentence with the mend."""
