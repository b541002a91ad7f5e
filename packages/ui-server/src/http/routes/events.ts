import { createRoute, z, type OpenAPIHono } from "@hono/zod-openapi";
import { isWatersmeetError } from "@watersmeet/core/errors";
import { streamSSE } from "hono/streaming";
import { toEventDto } from "../../read/run-dto.ts";
import type { ApiEnv } from "../api-env.ts";
import { problemResponses } from "../problem-response.ts";

const heartbeatMs = 15_000;

const sequence = z.string().regex(/^\d{1,19}$/, "not the sequence of an event");

const follow = createRoute({
  method: "get",
  path: "/events",
  operationId: "followEvents",
  tags: ["Server"],
  summary: "What happens, as server-sent events",
  description:
    "Each message's `id` is the event's sequence, its `data` the event as JSON. A client that comes back with Last-Event-ID " +
    "(or `since`) misses nothing. Without either, the stream starts now. A comment line comes at least every 15 seconds.",
  request: {
    query: z.strictObject({ since: sequence.optional() }),
    headers: z.object({ "last-event-id": sequence.optional() }),
  },
  responses: {
    200: { description: "The stream", content: { "text/event-stream": { schema: z.string() } } },
    ...problemResponses,
  },
});

export function addEventRoutes(api: OpenAPIHono<ApiEnv>): void {
  api.openapi(follow, (c) => {
    const since = c.req.valid("header")["last-event-id"] ?? c.req.valid("query").since ?? null;
    const { watersmeet, serverSignal } = c.var;
    // Proxies must not hold lines back.
    c.header("X-Accel-Buffering", "no");
    return streamSSE(c, async (stream) => {
      const gone = new AbortController();
      stream.onAbort(() => gone.abort());
      const heartbeat = setInterval(() => void stream.write(": still here\n\n"), heartbeatMs);
      try {
        await stream.write(": watersmeet\n\n");
        for await (const event of watersmeet.followEvents(since, AbortSignal.any([gone.signal, serverSignal]))) {
          await stream.writeSSE({ id: event.sequence, data: JSON.stringify(toEventDto(event)) });
        }
      } catch (error) {
        // hono would send the error's text to the client.
        const code = isWatersmeetError(error) ? error.code : "INTERNAL";
        if (!gone.signal.aborted) await stream.writeSSE({ event: "problem", data: JSON.stringify({ code }) });
      } finally {
        clearInterval(heartbeat);
      }
    });
  });
}
