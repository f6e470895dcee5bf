"""A request that comes twice under one key is carried out once. The second gets the answer of the first."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any

from lambda_function.db.repositories import idempotency
from lambda_function.db.repositories.idempotency import StoredAnswer
from lambda_function.db.unit_of_work import UnitOfWork
from lambda_function.domain.actor import Actor
from lambda_function.domain.errors import ForbiddenError, IdempotencyMismatchError

KEPT_FOR = timedelta(hours=24)

# Places where an answer names a person who may be a patient. Quotation marks in texts are escaped, so no text that
# somebody wrote looks like this. A test holds it against every answer that openapi.json describes.
_PERSON = re.compile(r'"(?:user_id|patient_id)": ?([0-9]+)|"Patient/([0-9]+)"')


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """A request with its key. `request_hash` tells one request from another: see api/idempotency.py."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    status: int
    headers: Mapping[str, Any]
    body: str


def recall(work: UnitOfWork, request: KeyedRequest) -> KeptAnswer | None:
    """Returns the answer to the actor's request with this key in the last 24 hours. It is None for a new request, which
    then holds the key until the transaction ends, so call this before any lock is taken.

    Raises IdempotencyMismatchError if the key was used for another request, ForbiddenError if the actor's rights have
    changed since (the answer may hold what the actor may no longer see), and IdempotencyInFlightError.
    """
    user_id, hashed = work.actor.user_id, key_hash(work.actor, request.key)
    stored = idempotency.lock(work.session, user_id, hashed)
    if stored is None:
        return None
    if stored.created_at <= work.now - KEPT_FOR:
        idempotency.remove(work.session, [(user_id, hashed)])
        return None
    if stored.rights_hash != _rights_hash(work.actor):
        raise ForbiddenError("Your rights have changed since this key was used.")
    if stored.request_hash != request.request_hash:
        raise IdempotencyMismatchError("This key was used for another request. Use a new key.", field="Idempotency-Key")
    return KeptAnswer(stored.status, stored.headers, stored.body)


def keep(work: UnitOfWork, request: KeyedRequest, answer: KeptAnswer) -> None:
    """Stores the answer for requests with the same key after the commit."""
    stored = StoredAnswer(
        request_hash=request.request_hash,
        rights_hash=_rights_hash(work.actor),
        status=answer.status,
        headers=dict(answer.headers),
        body=answer.body,
        created_at=work.now,
    )
    named = named_in(answer.body) | {work.actor.user_id}
    idempotency.add(work.session, work.actor.user_id, key_hash(work.actor, request.key), stored, named)


def named_in(body: str) -> frozenset[int]:
    """Returns the user ids of people in an answer, which include those of all patients."""
    return frozenset(int(one or other) for one, other in _PERSON.findall(body))


def key_hash(actor: Actor, key: str) -> str:
    """Returns the hash of the actor's key. It includes the user, so that people whose clients count from 1 do not wait
    for each other.
    """
    return sha256(f"{actor.user_id} {key}".encode()).hexdigest()


def _rights_hash(actor: Actor) -> str:
    rights = f"{actor.role} {actor.clinic_ids}"
    if actor.dependant_ids:
        rights = f"{rights} {actor.dependant_ids}"
    return sha256(rights.encode()).hexdigest()
