"""Configuration of a stack: the schema of Pulumi.<environment>.yaml, its rules, and how it is read."""

from infra.config.reading import load_stack_config, read_stack_config
from infra.config.stack import AwsConfig, EksConfig, StackConfig

__all__ = ["AwsConfig", "EksConfig", "StackConfig", "load_stack_config", "read_stack_config"]
