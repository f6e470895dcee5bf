// Reads the calendars of a JSON list with each library, and writes what they found in them, as JSON by library.
import { readFileSync } from "node:fs";
import ICAL from "ical.js";
import ical from "node-ical";
import { convertIcsCalendar } from "ts-ics";

const libraries = {
  "ical.js": (text) =>
    new ICAL.Component(ICAL.parse(text)).getAllSubcomponents("vevent").map((component) => {
      const event = new ICAL.Event(component);
      return {
        uid: event.uid,
        summary: event.summary,
        starts_at: event.startDate.toJSDate(),
        ends_at: event.endDate.toJSDate(),
        status: component.getFirstPropertyValue("status"),
        location: event.location,
      };
    }),
  "node-ical": (text) =>
    Object.values(ical.sync.parseICS(text))
      .filter((component) => component.type === "VEVENT")
      .map(({ uid, summary, start, end, status, location }) => ({
        uid,
        summary,
        starts_at: start,
        ends_at: end,
        status,
        location,
      })),
  "ts-ics": (text) =>
    (convertIcsCalendar(undefined, text).events ?? []).map(({ uid, summary, start, end, status, location }) => ({
      uid,
      summary,
      starts_at: start.date,
      ends_at: end.date,
      status,
      location,
    })),
};

const calendars = JSON.parse(readFileSync(0, "utf8"));
const found = Object.entries(libraries).map(([name, read]) => [name, calendars.map(read)]);
process.stdout.write(JSON.stringify(Object.fromEntries(found)));
