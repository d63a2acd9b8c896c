"""The local stack: Kafka, PostgreSQL and every service as processes, from wheels only."""

from stack.choice import Stack, new_stack, running_stack
from stack.errors import StackError
from stack.local_stack import INFRASTRUCTURE, WHOLE, LocalStack

__all__ = ["INFRASTRUCTURE", "WHOLE", "LocalStack", "Stack", "StackError", "new_stack", "running_stack"]
