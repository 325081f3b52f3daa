"""The one error that users see: what was expected, what was got, the next command."""

from functools import partial


class UserError(Exception):
    """Something outside the package is wrong, and the user can put it right.

    Printed as one sentence each; the command line exits with status 2.
    """

    def __init__(self, problem: str, *, expected: str, got: str, next_command: str) -> None:
        super().__init__(problem)
        self.problem = problem
        self.expected = expected
        self.got = got
        self.next_command = next_command

    def __str__(self) -> str:
        return (
            f"{self.problem}\n"
            f"  expected: {self.expected}\n"
            f"  got:      {self.got}\n"
            f"  next:     {self.next_command}"
        )

    def __reduce__(self) -> tuple[object, ...]:
        """Another process can raise it here."""
        said = {"expected": self.expected, "got": self.got, "next_command": self.next_command}
        return partial(type(self), **said), (self.problem,)
