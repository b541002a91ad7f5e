import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { createFixtureServer, type FixtureServer } from "../support/fixture-server.ts";

const EventShape = z.object({ sequence: z.string(), kind: z.string(), runId: z.string().nullable() });
type StreamedEvent = z.output<typeof EventShape>;

let server: FixtureServer;

beforeAll(async () => {
  server = await createFixtureServer("shop");
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  expect(server.defects).toEqual([]);
});

/** Reads a stream until `isEnough`, then hangs up. */
async function readEvents(
  query: string,
  headers: Record<string, string>,
  isEnough: (events: readonly StreamedEvent[]) => boolean,
): Promise<readonly StreamedEvent[]> {
  const hangUp = new AbortController();
  const response = await fetch(`${server.url}/api/v1/events${query}`, { headers, signal: hangUp.signal });
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const events: StreamedEvent[] = [];
  let text = "";
  try {
    for await (const chunk of response.body ?? []) {
      text += new TextDecoder().decode(chunk);
      const messages = text.split("\n\n");
      text = messages.pop() ?? "";
      for (const message of messages) {
        const data = message.split("\n").find((line) => line.startsWith("data: "));
        if (data === undefined) continue;
        const event = EventShape.parse(JSON.parse(data.slice("data: ".length)));
        expect(message).toContain(`id: ${event.sequence}`);
        events.push(event);
      }
      if (isEnough(events)) break;
    }
  } finally {
    hangUp.abort();
  }
  return events;
}

const isFinished = (events: readonly StreamedEvent[]): boolean => events.some(({ kind }) => kind === "run:finished");

test("a client that comes back with the last event it saw gets every later one, once and in order", async () => {
  await using _worker = await server.watersmeet.startWorker();
  // From the beginning: what listens from now on may come to listen when the run is over.
  const listening = readEvents("?since=0", {}, isFinished);
  const { run } = await server.watersmeet.submitRun({ select: "orders", requestedBy: "test" });
  const live = await listening;
  const sequences = live.map(({ sequence }) => BigInt(sequence));
  expect(sequences).toEqual([...sequences].sort((a, b) => (a < b ? -1 : 1)));
  expect(live.every(({ runId }) => runId === null || runId === run.id)).toBe(true);
  const middle = live[Math.floor(live.length / 2)]?.sequence ?? "";
  const missed = live.filter(({ sequence }) => BigInt(sequence) > BigInt(middle));
  expect(await readEvents("", { "last-event-id": middle }, isFinished)).toEqual(missed);
  expect(await readEvents(`?since=${middle}`, {}, isFinished)).toEqual(missed);
});

test("a place that is no sequence is refused", async () => {
  expect((await fetch(`${server.url}/api/v1/events?since=yesterday`)).status).toBe(400);
});
