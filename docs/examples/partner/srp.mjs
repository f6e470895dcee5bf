// How a program proves to Cognito that it knows a password, without sending it: SRP, as Cognito's own clients do it.
import { createHash, createHmac, randomBytes } from "node:crypto";

// The prime of 3,072 bits of RFC 3526, modulo which everything is counted, and the generator.
const N = BigInt(
  "0x" +
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD" +
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED" +
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F" +
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B" +
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510" +
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7" +
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C" +
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
);
const G = 2n;

const number = (bytes) => BigInt(`0x${bytes.toString("hex")}`);
const hmac = (key, message) => createHmac("sha256", key).update(message).digest();

function sha256(...parts) {
  return createHash("sha256").update(Buffer.concat(parts)).digest();
}

// Returns the number as Cognito hashes it: the first bit is a sign, so it is always 0.
function asBytes(value) {
  const hex = value.toString(16);
  const even = hex.length % 2 ? `0${hex}` : hex;
  return Buffer.from(even[0] >= "8" ? `00${even}` : even, "hex");
}

function power(base, exponent) {
  let result = 1n;
  for (let factor = ((base % N) + N) % N; exponent > 0n; exponent >>= 1n) {
    if (exponent & 1n) result = (result * factor) % N;
    factor = (factor * factor) % N;
  }
  return result;
}

// One log-in. `public` is what Cognito gets first, and `answer` what it gets after its challenge.
export class Proof {
  #secret = number(randomBytes(32));
  public = power(G, this.#secret);

  // Returns the responses to the challenge PASSWORD_VERIFIER, which has these parameters.
  answer(poolId, password, challenge) {
    const theirs = BigInt(`0x${challenge.SRP_B}`);
    const who = Buffer.from(poolId.split("_")[1] + challenge.USER_ID_FOR_SRP);
    const scramble = number(sha256(asBytes(this.public), asBytes(theirs)));
    const passwordHash = sha256(who, Buffer.from(`:${password}`));
    const secret = number(sha256(asBytes(BigInt(`0x${challenge.SALT}`)), passwordHash));
    const base = theirs - number(sha256(asBytes(N), asBytes(G))) * power(G, secret);
    const shared = power(base, this.#secret + scramble * secret);
    const key = hmac(hmac(asBytes(scramble), asBytes(shared)), "Caldera Derived Key\x01").subarray(0, 16);

    const [day, date, month, year, time] = new Date().toUTCString().replace(",", "").split(" ");
    const timestamp = `${day} ${month} ${Number(date)} ${time} UTC ${year}`;
    const block = Buffer.from(challenge.SECRET_BLOCK, "base64");
    return {
      USERNAME: challenge.USERNAME,
      PASSWORD_CLAIM_SECRET_BLOCK: challenge.SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: hmac(key, Buffer.concat([who, block, Buffer.from(timestamp)])).toString("base64"),
      TIMESTAMP: timestamp,
    };
  }
}
