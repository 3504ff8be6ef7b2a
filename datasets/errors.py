"""Errors that a user can cause; each message is one sentence that names the mend."""


class EvenFaceError(Exception):
    """Parent of all errors whose message is meant for the user (exit code 2, no traceback)."""


class DataError(EvenFaceError):
    """A data set is missing, incomplete or not as its layout says."""


class SettingError(EvenFaceError):
    """A setting has an unknown name or a value outside what it allows."""


class WithheldError(EvenFaceError):
    """A method read a field of the batch that its declaration does not name."""
