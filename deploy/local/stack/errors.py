"""The one error a person sees: a sentence that says what is wrong and what to do."""


class StackError(Exception):
    """The stack cannot do what was asked. The text is one sentence for a person, ending in what to do."""
