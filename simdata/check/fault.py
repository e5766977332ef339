"""`Fault`: one thing that is wrong with a dataset."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One broken rule.

    Attributes:
        file: which file, relative to the dataset.
        id: image, annotation or category id in it; None for the file as a whole.
        rule: a short fixed word, for counting.
        message: what is wrong, with numbers.
    """

    file: str
    id: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        where = self.file if self.id is None else f"{self.file} id {self.id}"
        return f"{where}: {self.rule}: {self.message}"


class Faults(list[Fault]):
    """Faults in the order they were found."""

    def add(self, file: str, id: int | None, rule: str, message: str) -> None:  # noqa: A002 (the field's name)
        """Note one."""
        self.append(Fault(file, id, rule, message))
