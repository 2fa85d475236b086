class NotYetError(Exception):
    """A container cannot be started yet, and will be tried again.

    Args:
        reason: One word, as the kubelet has it: ``ContainerCreating``, ``CreateContainerConfigError``.
        message: What is missing, as a sentence.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


CREATING = "ContainerCreating"
BAD_CONFIGURATION = "CreateContainerConfigError"
