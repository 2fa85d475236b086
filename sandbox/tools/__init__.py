from sandbox.tools.registry import CONTROL_PLANE_TOOLS, TOOLS, Tool
from sandbox.tools.resolver import ToolStatus, resolve, statuses

__all__ = ["CONTROL_PLANE_TOOLS", "TOOLS", "Tool", "ToolStatus", "resolve", "statuses"]
