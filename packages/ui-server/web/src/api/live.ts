import { useQueryClient, type QueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";

/** Invalidations are gathered for this long, so that a thousand steps do not become a thousand requests. */
const gatherMs = 400;

/**
 * Listens to the server's events for as long as the app is shown. Events carry no state: they say what to ask again.
 * The browser reconnects by itself and resumes from the last event that it saw.
 */
export function useLiveUpdates(): "live" | "reconnecting" {
  const client = useQueryClient();
  const [state, setState] = useState<"live" | "reconnecting">("reconnecting");
  useEffect(() => {
    const source = new EventSource("/api/v1/events");
    const invalidate = gatherInvalidations(client);
    source.addEventListener("open", () => setState("live"));
    source.addEventListener("error", () => setState("reconnecting"));
    source.addEventListener("message", (event: MessageEvent<string>) => invalidate(event.data));
    return () => source.close();
  }, [client]);
  return state;
}

interface ChangeEvent {
  readonly kind?: string;
  readonly runId?: string | null;
  readonly asset?: string | null;
}

function gatherInvalidations(client: QueryClient): (data: string) => void {
  const waiting = new Map<string, readonly string[]>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const flush = () => {
    timer = undefined;
    for (const queryKey of waiting.values()) void client.invalidateQueries({ queryKey });
    waiting.clear();
  };
  return (data) => {
    for (const key of keysOf(JSON.parse(data) as ChangeEvent)) waiting.set(key.join("\n"), key);
    timer ??= setTimeout(flush, gatherMs);
  };
}

function keysOf(event: ChangeEvent): readonly (readonly string[])[] {
  if (event.kind?.startsWith("project:")) return [["assets"], ["problems"], ["automations"]];
  const keys: (readonly string[])[] = [["runs"], ["breakers"], ["limits"]];
  const about = event.kind?.split(":")[0];
  if (about === "head" || about === "step") keys.push(["assets"]);
  if (about === "automation") keys.push(["automations"]);
  if (about !== "run") keys.push(["merges"]);
  return keys;
}
