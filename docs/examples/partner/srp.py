"""How a program proves to Cognito that it knows a password, without sending it: SRP, as Cognito's own clients do it."""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime

# The prime of 3,072 bits of RFC 3526, modulo which everything is counted, and the generator.
N = int(
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD"
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F"
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510"
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7"
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C"
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
    16,
)
G = 2


def as_bytes(number: int) -> bytes:
    """Returns the number as Cognito hashes it: the first bit is a sign, so it is always 0."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


def hashed(*parts: bytes) -> int:
    return int.from_bytes(hashlib.sha256(b"".join(parts)).digest(), "big")


class Proof:
    """One log-in. `public` is what Cognito gets first, and `answer` what it gets after its challenge."""

    def __init__(self) -> None:
        self._secret = secrets.randbits(256)
        self.public = pow(G, self._secret, N)

    def answer(self, pool_id: str, password: str, challenge: dict[str, str]) -> dict[str, str]:
        """Returns the responses to the challenge PASSWORD_VERIFIER, which has these parameters."""
        theirs = int(challenge["SRP_B"], 16)
        who = (pool_id.split("_")[1] + challenge["USER_ID_FOR_SRP"]).encode()
        scramble = hashed(as_bytes(self.public), as_bytes(theirs))
        password_hash = hashlib.sha256(who + b":" + password.encode()).digest()
        private = hashed(as_bytes(int(challenge["SALT"], 16)), password_hash)
        base = theirs - hashed(as_bytes(N), as_bytes(G)) * pow(G, private, N)
        shared = pow(base, self._secret + scramble * private, N)
        drawn = hmac.digest(as_bytes(scramble), as_bytes(shared), "sha256")
        key = hmac.digest(drawn, b"Caldera Derived Key\x01", "sha256")[:16]

        now = datetime.now(UTC)
        timestamp = f"{now:%a %b} {now.day} {now:%H:%M:%S} UTC {now.year}"
        block = base64.b64decode(challenge["SECRET_BLOCK"])
        signature = hmac.digest(key, who + block + timestamp.encode(), "sha256")
        return {
            "USERNAME": challenge["USERNAME"],
            "PASSWORD_CLAIM_SECRET_BLOCK": challenge["SECRET_BLOCK"],
            "PASSWORD_CLAIM_SIGNATURE": base64.b64encode(signature).decode(),
            "TIMESTAMP": timestamp,
        }
