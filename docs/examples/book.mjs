// Books the first free check-up, lists the caller's visits, and cancels it again. Needs Node.js 18 or later.
//
//   TOKEN=$(make -s token AS=pat) node docs/examples/book.mjs
//
// TOKEN is an access token, API the address of the service.
import { randomUUID } from "node:crypto";
import { setTimeout as seconds } from "node:timers/promises";

const { API = "http://127.0.0.1:8000", TOKEN } = process.env;
if (!TOKEN) {
  console.error("TOKEN is needed: TOKEN=$(make -s token AS=pat) node docs/examples/book.mjs");
  process.exit(1);
}

// Returns the answer. If the service is busy (503) or throttles (429), or does not answer, it waits and sends the same
// request again. The key makes this safe: a request that was already carried out is not carried out twice.
async function call(method, path, body, headers = {}) {
  const request = {
    method,
    headers: {
      Authorization: `Bearer ${TOKEN}`,
      "Content-Type": "application/json",
      "Idempotency-Key": randomUUID(),
      ...headers,
    },
    body: body && JSON.stringify(body),
  };
  for (let triesLeft = 3; ; triesLeft--) {
    let wait = 1;
    try {
      const answer = await fetch(API + path, { ...request, signal: AbortSignal.timeout(10_000) });
      if (![429, 503].includes(answer.status) || triesLeft === 0) return answer;
      wait = Number(answer.headers.get("retry-after") ?? 1);
    } catch (error) { // no connection, or no answer in time
      if (triesLeft === 0) throw error;
    }
    await seconds(wait * 1000);
  }
}

async function body(answer) {
  if (!answer.ok) throw new Error(`The service answers ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

const inDays = (days) => new Date(Date.now() + days * 86_400_000).toISOString();

// At least two days ahead, because an appointment can be cancelled until a day before.
const window = new URLSearchParams({ treatment_id: 1, limit: 20, from: inDays(2), to: inDays(16) });
let booked;
for (const { doctor_id, starts_at } of (await body(await call("GET", `/availability?${window}`))).items) {
  booked = await call("POST", "/appointments", { doctor_id, treatment_id: 1, starts_at });
  if (booked.status !== 409) break; // 409: somebody else was faster, so try the next slot
}
if (!booked || booked.status === 409) throw new Error("There is no free time.");
const { appointment_id, starts_at } = await body(booked);
console.log(`Booked appointment ${appointment_id} at ${starts_at}`);

const visits = await body(await call("GET", `/appointments?${new URLSearchParams({ status: "BOOKED", from: inDays(0) })}`));
console.log("Booked visits:", ...visits.items.map((visit) => visit.appointment_id));

// If-Match: cancel it only if nobody has changed it since.
const reason = { reason: "Only an example" };
await body(await call("POST", `/appointments/${appointment_id}/cancel`, reason, { "If-Match": booked.headers.get("etag") }));
console.log(`Cancelled appointment ${appointment_id}`);
