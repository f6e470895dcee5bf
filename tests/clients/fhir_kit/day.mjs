// What a program does in a day with fhir-kit-client. It stops with an error at the first answer that it did not expect.
import assert from "node:assert/strict";
import { Client } from "fhir-kit-client";

const { BASE, TOKEN, PATIENT, FROM, TO } = process.env;
const client = new Client({ baseUrl: BASE, bearerToken: TOKEN });

const resources = (bundle) => (bundle.entry ?? []).map((entry) => entry.resource);
const search = async (resourceType, searchParams, options) =>
  client.search({ resourceType, searchParams, ...options });

const statement = await client.capabilityStatement();
assert.equal(statement.fhirVersion, "4.0.1");

const patient = await client.read({ resourceType: "Patient", id: PATIENT });
assert.equal(patient.id, PATIENT);
const [named] = resources(await search("Patient", { name: "Pat", _id: PATIENT }));
assert.deepEqual(named, patient);
const byForm = await search("Patient", { given: "Pat", _total: "accurate" }, { options: { postSearch: true } });
assert.ok(byForm.total >= 1);

const seen = [];
for (let page = await search("Practitioner", { _count: 1 }); page; page = await client.nextPage({ bundle: page })) {
  seen.push(...resources(page));
}
assert.equal(seen.length, (await search("Practitioner", { _summary: "count" })).total);
const doctor = await client.read({ resourceType: "Practitioner", id: seen[0].id });
const [clinic] = resources(await search("Location", { _count: 1 }));
assert.deepEqual(await client.read({ resourceType: "Location", id: clinic.id }), clinic);

const bundle = await search("Slot", { schedule: `Schedule/${doctor.id}`, start: [`ge${FROM}`, `lt${TO}`], _count: 1 });
const [{ fullUrl, resource: slot }] = bundle.entry;
assert.deepEqual(await client.resolve({ reference: fullUrl }), slot);
const booked = await client.create({
  resourceType: "Appointment",
  body: {
    resourceType: "Appointment",
    status: "proposed",
    serviceType: slot.serviceType,
    slot: [{ reference: fullUrl }],
    start: slot.start,
    end: slot.end,
    participant: [`Patient/${PATIENT}`, `Practitioner/${doctor.id}`].map((reference) => ({
      actor: { reference: `${BASE}/${reference}` },
      status: "accepted",
    })),
  },
});
const mine = resources(await search("Appointment", { patient: `${BASE}/Patient/${PATIENT}`, status: "booked" }));
assert.ok(mine.some((one) => one.id === booked.id));
const cancelled = await client.update({
  resourceType: "Appointment",
  id: booked.id,
  body: { ...booked, status: "cancelled", cancelationReason: { text: "Flu" } },
});
assert.equal(cancelled.status, "cancelled");
await assert.rejects(search("Patient", { birthdate: "2000" }), (error) => {
  const [issue] = error.response.data.issue;
  return error.response.status === 400 && issue.code === "not-supported";
});
console.log(`Booked and cancelled appointment ${booked.id}`);
