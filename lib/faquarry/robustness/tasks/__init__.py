"""Retrieval tasks by name: each a small class that knows its languages and reads one of them."""

from faquarry.robustness.tasks.registry import TASKS, Place, Task, task_named

__all__ = ["TASKS", "Place", "Task", "task_named"]
