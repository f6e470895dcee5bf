"""A patient without contact data, whose two guardians get the messages, each with a link of their own."""

from dataclasses import dataclass

from lambda_function.db.models import Appointment
from tests.api.desk import Desk
from tests.pages.visitor import Visitor
from tests.services.notifications.planned import offered


@dataclass(frozen=True)
class Family:
    """The guardians of pat are mother and father."""

    visitor: Visitor
    desk: Desk

    @classmethod
    def of(cls, visitor: Visitor, desk: Desk) -> "Family":
        visitor.messages.change_user("pat", email=None)
        for name in ("mother", "father"):
            desk.practice.add_patient(name, email=f"{name}@example.org", clinics=(1,))
            desk.practice.add_guardian(name, "pat", reason="They asked for it.")
        return cls(visitor, desk)

    def told(self, kind: str, visit: Appointment) -> tuple[str, str]:
        """Tells of a change, and returns the links of mother and father."""
        return self._both(self.visitor.all_told(kind, visit))

    def offered(self) -> tuple[str, str]:
        """Makes an offer to pat, and returns the links of mother and father."""
        offered(self.visitor.messages)
        return self._both(self.visitor.links())

    @staticmethod
    def _both(links: dict[str, str]) -> tuple[str, str]:
        assert len(links) == len({"mother", "father"})
        return links["mother@example.org"], links["father@example.org"]
