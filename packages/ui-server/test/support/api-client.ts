import type { RunId } from "@watersmeet/runtime";
import { expect } from "vitest";
import type { FixtureServer } from "./fixture-server.ts";

/** Requests to a server of a test, as a program makes them. */
export interface ApiClient {
  get(path: string): Promise<Response>;
  post(path: string, body: unknown, headers?: Readonly<Record<string, string>>): Promise<Response>;
  /** The body of an answer of 200. */
  getJson(path: string): Promise<unknown>;
  postJson(path: string, body: unknown): Promise<unknown>;
  /** Runs what is selected to its end. */
  runToEnd(select: string): Promise<void>;
  waitForRun(id: string): Promise<void>;
}

export function createApiClient({ url, watersmeet }: FixtureServer): ApiClient {
  const get = (path: string): Promise<Response> => fetch(`${url}/api/v1${path}`);
  const post: ApiClient["post"] = (path, body, headers = {}) =>
    fetch(`${url}/api/v1${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
  const waitForRun = async (id: string): Promise<void> => {
    for await (const _ of watersmeet.followRun(id as RunId));
  };
  return {
    get,
    post,
    getJson: async (path) => readOk(await get(path)),
    postJson: async (path, body) => readOk(await post(path, body)),
    async runToEnd(select) {
      const { run } = await watersmeet.submitRun({ select, force: true, requestedBy: "test" });
      await waitForRun(run.id);
    },
    waitForRun,
  };
}

async function readOk(response: Response): Promise<unknown> {
  const body: unknown = await response.json();
  expect(response.status, JSON.stringify(body)).toBe(200);
  return body;
}
