"""What this server says about itself; tests/api/fhir/test_metadata.py compares it with the routes."""

from collections.abc import Mapping
from types import MappingProxyType

import lambda_function
from lambda_function.api.fhir.wire import MEDIA_TYPE, URN, Resource

# When the statement below last changed.
_DATE = "2026-11-28"

_OF_PEOPLE: Mapping[str, str] = MappingProxyType(
    {"_id": "token", "name": "string", "family": "string", "given": "string"}
)
# By resource, the search parameters with their types. Those of Slot that R4 does not have are ours.
_SEARCHES: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "Appointment": {
            "patient": "reference",
            "practitioner": "reference",
            "location": "reference",
            "date": "date",
            "status": "token",
        },
        "Schedule": {"actor": "reference", "practitioner": "reference"},
        "Slot": {
            "service-type": "token",
            "start": "date",
            "schedule": "reference",
            "practitioner": "reference",
            "location": "reference",
            "status": "token",
        },
        "Practitioner": _OF_PEOPLE,
        "Patient": {**_OF_PEOPLE, "identifier": "token", "birthdate": "date"},
        "Location": {"_id": "token", "name": "string"},
    }
)
_NOTES: Mapping[str, str] = MappingProxyType(
    {
        "Appointment": "POST books; `comment` is the note that patient and staff share. PUT may change status to "
        "cancelled and set cancelationReason.text, and nothing else. A date without a time is a day of the location "
        "searched in, or of the clinic of the doctor who asks, or else of UTC.",
        "Schedule": "One for each doctor; it has the doctor's id.",
        "Slot": "Worked out from working hours and visits at the time of the search: both ends of start are needed, at "
        "most 14 days apart. Without service-type, the treatment that most of the doctors give by default is meant.",
        "Practitioner": "The doctors; name, family and given look for words that begin like theirs in the full name.",
        "Patient": "Those whom the caller may see; name, family and given look for the same as q of GET /users. Of "
        "birthdate, only whole dates are supported.",
        "Location": "The clinics; name is how their name starts. address.text is the address as people write it.",
    }
)
_SEARCHING = (
    "Searches are GET of the type, or POST to its _search with the parameters in a form. They take _count, _total and "
    "_summary=count, which count at most 1000 resources. A parameter that is not supported is 400 not-supported; with "
    "Prefer: handling=lenient it is passed over."
)


def capability_statement(root_url: str) -> Resource:
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": _DATE,
        "kind": "instance",
        "software": {"name": "Dentist appointments", "version": lambda_function.__version__},
        "implementation": {"description": "Appointments of dental clinics", "url": root_url},
        "fhirVersion": "4.0.1",
        "format": ["json", MEDIA_TYPE],
        "rest": [
            {
                "mode": "server",
                "security": {
                    "description": "Send an access token as a bearer token; what is shown depends on who asks."
                },
                "documentation": _SEARCHING,
                "resource": list(map(_resource, _SEARCHES)),
            }
        ],
    }


def _resource(kind: str) -> Resource:
    shown: Resource = {
        "type": kind,
        "documentation": _NOTES[kind],
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchParam": [{"name": name, "type": of_type} for name, of_type in _SEARCHES[kind].items()],
    }
    if kind == "Appointment":
        shown["interaction"] += [{"code": "create"}, {"code": "update"}]
        shown |= {"versioning": "versioned", "conditionalCreate": False, "updateCreate": False}
        shown["operation"] = [
            {
                "name": "cancel",
                "definition": f"{URN}:operation:cancel",
                "documentation": "Takes Parameters with one `reason` (valueString) and answers the Appointment.",
            }
        ]
    return shown
