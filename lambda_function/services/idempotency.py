"""A request that comes twice under one key is done once: the second gets the answer of the first."""

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

# Where an answer names a person who may be a patient. Inside of a text quotation marks are escaped, so no text that
# somebody wrote looks like this. A test holds it against every answer that openapi.json describes.
_PERSON = re.compile(r'"(?:user_id|patient_id)": ?([0-9]+)|"Patient/([0-9]+)"')


@dataclass(frozen=True, slots=True)
class KeyedRequest:
    """`request_hash` tells one request from another; see api/idempotency.py."""

    key: str
    request_hash: str


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    status: int
    headers: Mapping[str, Any]
    body: str


def recall(work: UnitOfWork, request: KeyedRequest) -> KeptAnswer | None:
    """What was answered to the actor's request with this key in the last 24 hours. None for a new one, which then has
    the key to itself until the transaction ends: to be called before anything is locked.

    Raises IdempotencyMismatchError when the key was used for another request, ForbiddenError when the actor's rights
    are not those of then (the answer may hold what the actor may not see any more), and IdempotencyInFlightError.
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
    """For whoever comes with the same key after the commit."""
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
    """The user ids of the people in an answer; among them those of all patients."""
    return frozenset(int(one or other) for one, other in _PERSON.findall(body))


def key_hash(actor: Actor, key: str) -> str:
    """Of the actor's key. With the user in it: people whose clients count from 1 do not wait for each other."""
    return sha256(f"{actor.user_id} {key}".encode()).hexdigest()


def _rights_hash(actor: Actor) -> str:
    return sha256(f"{actor.role} {actor.clinic_ids}".encode()).hexdigest()
