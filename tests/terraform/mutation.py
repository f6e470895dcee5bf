"""A small and plausible mistake in the stack, with what has to find it."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """A change. `caught_by` is a rule, or Terraform's message if Terraform itself refuses it.

    `shape` is one of dev.plans, for a mistake that does not show in prod.
    """

    what: str
    file: str
    old: str
    new: str
    caught_by: str
    shape: str = "prod"
