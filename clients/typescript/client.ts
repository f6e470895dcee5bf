import createClient, { type Client } from "openapi-fetch";
import type { components, paths } from "./schema.js";

export type { components, paths };

/** A typed client of the service at `baseUrl`. The token is asked for on every request, since it expires. */
export function dentistClient(baseUrl: string, token: () => string | Promise<string>): Client<paths> {
  const client = createClient<paths>({ baseUrl });
  client.use({
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${await token()}`);
    },
  });
  return client;
}
