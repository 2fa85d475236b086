from tests.support.engine_fixtures import harness

__all__ = ["harness"]
