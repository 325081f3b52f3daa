"""The one error that users see: what was expected, what was got, the next command."""


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
