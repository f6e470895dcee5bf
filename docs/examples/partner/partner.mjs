// Books a visit for an insured patient, and follows it until the country's register has it. Needs Node.js 20 or later.
//
//   node docs/examples/partner/partner.mjs --insurance RIM-204417 --treatment 1 --booking visit.json
//
// docs/integrations.md explains the arguments, the environment variables, what is printed and the exit codes.
import { randomUUID } from "node:crypto";
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { setTimeout as milliseconds } from "node:timers/promises";
import { parseArgs } from "node:util";

import { Proof } from "./srp.mjs";

const [REFUSED, WRONG_USE, NO_PATIENT, NO_TIME, NOT_REGISTERED, PENDING, NO_ANSWER] = [1, 2, 3, 4, 5, 6, 7];
const TAKEN = ["doctor_busy", "patient_busy", "chair_busy"];
const LONGEST_PAUSE = 30;
// A token is renewed a minute before it expires, so that it is still good when the request arrives.
const MARGIN = 60;
// The service forgets a key after 24 hours.
const KEY_HOLDS = 23 * 3600;
const INSTANT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d)$/;

function stop(code, message) {
  console.error(message);
  process.exit(code);
}

const elapsed = () => performance.now() / 1000;

// The pauses between attempts at one thing. Each is about twice as long as the one before, and none ends after the
// patience does. A part of each is left to chance, so that many programs do not come back at the same moment.
class Pauses {
  #next = options.pause;
  #end = elapsed() + options.patience;

  // Waits as long as the service asked, or else for the next pause. False if that is longer than the patience.
  async wait(retryAfter = "") {
    const seconds = /^\d+$/.test(retryAfter) ? Number(retryAfter) : this.#next * (0.5 + Math.random() / 2);
    this.#next = Math.min(this.#next * 2, LONGEST_PAUSE);
    if (elapsed() + seconds > this.#end) return false;
    await milliseconds(seconds * 1000);
    return true;
  }
}

// Status 0 means that no answer came, so that nobody knows whether the request was carried out.
async function once(method, url, headers, body) {
  try {
    const answer = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(30_000) });
    const text = await answer.text();
    return { status: answer.status, text, body: parsed(text), retryAfter: answer.headers.get("retry-after") ?? "" };
  } catch {
    return { status: 0, text: "", body: {} };
  }
}

function parsed(text) {
  try {
    return Object(JSON.parse(text));
  } catch {
    return {};
  }
}

// Whether the same request may succeed a little later.
function again({ status, body }) {
  const code = body.code ?? body.__type?.split("#").at(-1);
  const later = ["idempotency_in_flight", "TooManyRequestsException", "LimitExceededException"];
  return [0, 429].includes(status) || status >= 500 || later.includes(code);
}

// Repeats the same request until the service answers, or until the patience is over.
async function untilAnswered(attempt) {
  const pauses = new Pauses();
  let answer;
  while (again((answer = await attempt()))) {
    if (!(await pauses.wait(answer.retryAfter))) {
      stop(NO_ANSWER, `No answer in time; the last status was ${answer.status}. Run the same command again.`);
    }
  }
  return answer;
}

// The partner's own account, and its tokens.
class Account {
  #access = "";
  #refresh = "";
  #goodUntil = 0;

  async token() {
    if (elapsed() >= this.#goodUntil) await this.#renew();
    return this.#access;
  }

  // Gets another access token before the next request, because the service refuses this one.
  forget() {
    this.#goodUntil = 0;
  }

  async #renew() {
    let answer = { status: 0, body: {} };
    if (this.#refresh) answer = await this.#initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: this.#refresh });
    if (answer.status !== 200) answer = await this.#logIn();
    const result = answer.body.AuthenticationResult;
    if (!result) {
      const why = answer.body.ChallengeName ?? answer.body.__type ?? answer.status;
      stop(REFUSED, `Cognito does not log ${environment("PARTNER_USER")} in: ${why}. See docs/integrations.md.`);
    }
    this.#access = result.AccessToken;
    this.#refresh = result.RefreshToken ?? this.#refresh;
    this.#goodUntil = elapsed() + result.ExpiresIn - MARGIN;
  }

  async #logIn() {
    const [user, password] = [environment("PARTNER_USER"), environment("PARTNER_PASSWORD")];
    const flow = environment("AUTH_FLOW", "USER_SRP_AUTH");
    if (flow === "USER_PASSWORD_AUTH") return this.#initiate(flow, { USERNAME: user, PASSWORD: password });
    const [poolId, proof] = [environment("COGNITO_USER_POOL_ID"), new Proof()];
    const answer = await this.#initiate(flow, { USERNAME: user, SRP_A: proof.public.toString(16) });
    if (answer.body.ChallengeName !== "PASSWORD_VERIFIER") return answer;
    return this.#cognito("RespondToAuthChallenge", {
      ChallengeName: "PASSWORD_VERIFIER",
      ChallengeResponses: proof.answer(poolId, password, answer.body.ChallengeParameters),
    });
  }

  #initiate(flow, parameters) {
    return this.#cognito("InitiateAuth", { AuthFlow: flow, AuthParameters: parameters });
  }

  #cognito(action, request) {
    const body = JSON.stringify({ ClientId: environment("COGNITO_CLIENT_ID"), ...request });
    const headers = {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    };
    return untilAnswered(() => once("POST", environment("COGNITO", "http://127.0.0.1:5000"), headers, body));
  }
}

// Sends a request with the account's token, and with a new one if the service refuses that.
async function call(method, path, body, key) {
  const attempt = async () => {
    const headers = { Authorization: `Bearer ${await account.token()}`, "Content-Type": "application/json" };
    return once(method, api + path, key ? { ...headers, "Idempotency-Key": key } : headers, body);
  };
  const answer = await untilAnswered(attempt);
  if (answer.status !== 401) return answer;
  account.forget();
  return untilAnswered(attempt);
}

// Returns the body of a success, and stops at a refusal.
function expected({ status, text, body }) {
  if (status < 200 || status > 299) stop(REFUSED, `The service answers ${status}: ${text}`);
  return body;
}

async function patient() {
  const query = new URLSearchParams({ identifier: `insurance:${options.insurance}` });
  const found = expected(await call("GET", `/users?${query}`)).items;
  if (found.length === 0) {
    stop(NO_PATIENT, "No patient of your clinics has this insurance number. Register the patient first: POST /users.");
  }
  if (found.length > 1) {
    stop(NO_PATIENT, "Patients of several countries have this insurance number. Use an account for one country.");
  }
  return found[0].user_id;
}

async function freeTimes(patientId) {
  const start = options.from ? new Date(options.from) : new Date();
  const end = new Date(start.getTime() + options.days * 86_400_000);
  const query = new URLSearchParams({ treatment_id: options.treatment, patient_id: patientId, limit: 50 });
  query.set("from", start.toISOString());
  query.set("to", end.toISOString());
  if (options.clinic) query.set("clinic_id", options.clinic);
  return expected(await call("GET", `/availability?${query}`)).items;
}

// A booking, whose key and request are kept in a file before they are sent. Whatever stops the program, the next run
// sends the same again, so that nothing is booked twice.
class Booking {
  #file;
  #kept;

  constructor(file) {
    this.#file = file;
    this.#kept = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
  }

  // Returns the id of the appointment, which is booked unless an earlier run has done it.
  async made() {
    if (this.#kept?.appointment_id) return this.#kept.appointment_id;
    if (this.#kept && Date.now() / 1000 - statSync(this.#file).mtimeMs / 1000 > KEY_HOLDS) {
      stop(REFUSED, "This booking was begun too long ago to repeat it. See what the patient has; then delete the file.");
    }
    const begun = this.#kept && (await this.#sent());
    if (begun) return begun;
    const patientId = await patient();
    console.log(`Patient ${patientId}`);
    for (const { doctor_id, starts_at } of await freeTimes(patientId)) {
      const wanted = { patient_id: patientId, doctor_id, starts_at, treatment_id: options.treatment };
      this.#keep({ key: randomUUID(), request: JSON.stringify(wanted) });
      const made = await this.#sent();
      if (made) return made;
    }
    rmSync(this.#file, { force: true });
    stop(NO_TIME, "There is no free time. Look at other days (--from, --days), or at another clinic.");
  }

  // Returns the id, or null if somebody else has the time.
  async #sent() {
    const answer = await call("POST", "/appointments", this.#kept.request, this.#kept.key);
    if (answer.status === 409 && TAKEN.includes(answer.body.code)) return null;
    const { appointment_id } = expected(answer);
    this.#keep({ ...this.#kept, appointment_id });
    return appointment_id;
  }

  // Replaces the file as a whole, so that it is never half written.
  #keep(kept) {
    this.#kept = kept;
    writeFileSync(`${this.#file}.new`, JSON.stringify(kept));
    renameSync(`${this.#file}.new`, this.#file);
  }
}

// Asks until the register of the clinic's country has the visit, less and less often.
async function follow(appointmentId) {
  const pauses = new Pauses();
  let appointment = expected(await call("GET", `/appointments/${appointmentId}`));
  const zone = appointment.clinic.time_zone;
  console.log(`Booked appointment ${appointmentId}: ${localTime(appointment.starts_at, zone)} ${zone}`);
  for (let told = ""; appointment.registration; ) {
    const { status, error } = appointment.registration;
    if (status !== told) console.log(`Registration: ${status}`);
    told = status;
    if (status === "DONE") return;
    if (status === "FAILED") {
      stop(
        NOT_REGISTERED,
        `The register refuses the visit: ${error}. Tell the clinic, which sends it again with ` +
          `POST /appointments/${appointmentId}/register. Then run the same command again.`,
      );
    }
    if (!(await pauses.wait())) {
      stop(PENDING, "The visit is booked, but not registered yet. Run the same command again later.");
    }
    appointment = expected(await call("GET", `/appointments/${appointmentId}`));
  }
  console.log("Registration: not needed");
}

// The Swedish form is 2030-01-09 09:00.
function localTime(instant, timeZone) {
  return new Date(instant).toLocaleString("sv", { timeZone, dateStyle: "short", timeStyle: "short" });
}

function environment(name, fallback) {
  return process.env[name] || fallback || stop(WRONG_USE, `${name} is needed. See docs/integrations.md.`);
}

function readOptions() {
  const names = ["insurance", "treatment", "booking", "clinic", "from", "days", "pause", "patience"];
  try {
    const given = parseArgs({ options: Object.fromEntries(names.map((name) => [name, { type: "string" }])) }).values;
    const missing = names.slice(0, 3).filter((name) => !given[name]);
    if (missing.length) throw new Error(`--${missing.join(", --")} must be given.`);
    const numbers = { days: "14", pause: "1", patience: "300", treatment: given.treatment, ...given };
    for (const name of ["treatment", "days", "pause", "patience"]) numbers[name] = Number(numbers[name]);
    const wrong = ["treatment", "days", "pause", "patience"].find((name) => Number.isNaN(numbers[name]));
    if (wrong) throw new Error(`--${wrong} must be a number.`);
    if (given.from && !INSTANT.test(given.from)) throw new Error("--from must be such as 2030-01-31T09:00:00Z.");
    return numbers;
  } catch (error) {
    return stop(WRONG_USE, `${error.message} See docs/integrations.md.`);
  }
}

const options = readOptions();
const api = environment("API", "http://127.0.0.1:8000");
const account = new Account();
await follow(await new Booking(options.booking).made());
