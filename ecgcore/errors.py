"""The one error family of the project: each says what is wrong and what to do next."""


class EcgError(Exception):
    """A failure that is fit for a user's eyes.

    Args:
        cause: what is wrong, one plain sentence.
        next_step: what the user can do about it, one plain sentence.
    """

    def __init__(self, cause: str, next_step: str = "") -> None:
        self.cause = cause
        self.next_step = next_step
        super().__init__(f"{cause} {next_step}".strip())


class UnreadablePictureError(EcgError):
    """The file is missing, empty, truncated, too large or no picture at all."""


class NotScreenableError(EcgError):
    """The picture decodes, but holds no ECG that can be screened."""


class BundleError(EcgError):
    """A bundle folder is incomplete, altered or does not fit this program."""


class SignalError(EcgError):
    """A digital ECG cannot be drawn as asked."""


class DataError(EcgError):
    """A data set, table or training option cannot be used as given."""


class StageCancelledError(EcgError):
    """A training stage was stopped on request; its last checkpoint is kept."""
