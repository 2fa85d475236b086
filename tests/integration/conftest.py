from tests.support.sandbox import running_sandbox

__all__ = ["running_sandbox"]
