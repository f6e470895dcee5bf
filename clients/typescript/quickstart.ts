// Books the first free check-up, lists the caller's visits, and cancels it again, all through the generated client.
//
//   make clients
//   TOKEN=$(make -s token AS=pat) node build/clients/typescript/quickstart.js
//
// TOKEN is an access token, API the address of the service.
import { randomUUID } from "node:crypto";
import { setTimeout as milliseconds } from "node:timers/promises";
import { dentistClient } from "./client.js";

const { API = "http://127.0.0.1:8000", TOKEN } = process.env;
if (!TOKEN) throw new Error("TOKEN is needed, an access token");
const client = dentistClient(API, () => TOKEN);

const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const once = () => ({ "Idempotency-Key": randomUUID() });

/** Sends a request, and again after as many seconds as the service asks for if it is busy (503) or throttles (429). Its
 * key makes this safe: a request that was already carried out is not carried out twice. */
async function sent<Answer extends { response: Response }>(send: () => Promise<Answer>): Promise<Answer> {
  for (let triesLeft = 3; ; triesLeft--) {
    const answer = await send();
    if (![429, 503].includes(answer.response.status) || triesLeft === 0) return answer;
    await milliseconds(1000 * Number(answer.response.headers.get("Retry-After") ?? 1));
  }
}

function done<Data>(answer: { data?: Data; error?: unknown; response: Response }): Data {
  if (answer.data !== undefined) return answer.data;
  throw new Error(`The service answers ${answer.response.status}: ${JSON.stringify(answer.error)}`);
}

/** The first slot that nobody takes before us, and the ETag of the appointment. */
async function book() {
  // At least two days ahead, because an appointment can be cancelled until a day before.
  const query = { treatment_id: 1, limit: 20, from: inDays(2), to: inDays(16) };
  const free = done(await sent(() => client.GET("/availability", { params: { query } })));
  for (const { doctor_id, starts_at } of free.items) {
    const params = { header: once() };
    const body = { doctor_id, treatment_id: 1, starts_at };
    const answer = await sent(() => client.POST("/appointments", { params, body }));
    if (answer.response.status !== 409) return { ...done(answer), etag: answer.response.headers.get("ETag") ?? "*" };
  }
  throw new Error("There is no free time.");
}

const { appointment_id, doctor, etag } = await book();
console.log(`Booked appointment ${appointment_id} with ${doctor.full_name}`);

const query = { status: "BOOKED", from: inDays(0) } as const;
const visits = done(await sent(() => client.GET("/appointments", { params: { query } })));
console.log("Booked visits:", ...visits.items.map((visit) => visit.appointment_id));

// If-Match: cancel it only if nobody has changed it since.
const params = { path: { appointment_id }, header: { "If-Match": etag, ...once() } };
const body = { reason: "Only an example" };
const cancelled = await sent(() => client.POST("/appointments/{appointment_id}/cancel", { params, body }));
console.log(`Cancelled appointment ${done(cancelled).appointment_id}`);
