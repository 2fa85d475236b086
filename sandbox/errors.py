class SandboxError(Exception):
    """A failure told to a person: what happened, where, and what to do about it.

    Args:
        what: What happened, as one sentence without a final full stop.
        where: The file, process, address or field it happened in; may be empty.
        fix: What the reader can do about it, as one sentence; may be empty.

    Attributes:
        exit_code: The exit status of a command that ends with this error (1: it failed).
    """

    exit_code = 1

    def __init__(self, what: str, *, where: str = "", fix: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.fix = fix

    def __str__(self) -> str:
        parts = [_sentence(self.what)]
        if self.where:
            parts.append(_sentence(f"Where: {self.where}"))
        if self.fix:
            parts.append(_sentence(f"To fix it: {self.fix}"))
        return " ".join(parts)


class ConfigurationError(SandboxError):
    """Something the user wrote is wrong: an argument, a file or an environment variable (exit status 2)."""

    exit_code = 2


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."
