import type { Watersmeet } from "@watersmeet/runtime";
import { z } from "zod";
import type { OrderDto } from "../../read/merges/order-dto.ts";
import type { CommandDeps } from "../deps.ts";
import { requireSoundProject } from "../project/require-sound-project.ts";
import { askServer } from "../server/ask-server.ts";
import { findRunningServer } from "../server/server-file.ts";

/** A question that has one answer, whoever is asked. */
export interface DeskQuestion<Answer> {
  /** Under `/api/v1`, for the server. */
  readonly path: string;
  /** Of the server's answer; loaded only when a server is asked. */
  readonly loadSchema: () => Promise<z.ZodType<Answer>>;
  readonly ask: (watersmeet: Watersmeet) => Promise<Answer>;
}

export interface DeskOrder<Answer> extends DeskQuestion<Answer> {
  /** Of the POST. */
  readonly body: unknown;
}

/** Who answers questions to the store: the server of the project when one runs, which owns the store's file, else the project itself. */
export interface OpenDesk extends AsyncDisposable {
  ask<Answer>(question: DeskQuestion<Answer>): Promise<Answer>;
  /** A change. @throws {PROJECT_INVALID} when the sources have problems, so that nothing could run */
  give<Answer>(order: DeskOrder<Answer>): Promise<Answer>;
  /** The project, opened once, when it is first asked for. */
  project(): Promise<Watersmeet>;
}

export async function openDesk(deps: CommandDeps): Promise<OpenDesk> {
  const server = await findRunningServer((await deps.loadConfig()).stateDirectory);
  let opening: Promise<Watersmeet> | undefined;
  const project = (): Promise<Watersmeet> => (opening ??= deps.openProject());
  return {
    project,
    async ask({ path, loadSchema, ask }) {
      if (server !== undefined) return askServer(server, { path, schema: await loadSchema() });
      return ask(await project());
    },
    async give({ path, loadSchema, ask, body }) {
      const order = { body, requestedBy: deps.requestedBy };
      if (server !== undefined) return askServer(server, { path, schema: await loadSchema(), order });
      const watersmeet = await project();
      requireSoundProject(watersmeet.project(), deps);
      return ask(watersmeet);
    },
    async [Symbol.asyncDispose]() {
      await (await opening)?.[Symbol.asyncDispose]();
    },
  };
}

/** Asks one question. */
export async function askDesk<Answer>(deps: CommandDeps, question: DeskQuestion<Answer>): Promise<Answer> {
  await using desk = await openDesk(deps);
  return await desk.ask(question);
}

/** The shapes of the API, for checking what a server answers. */
export const answers = {
  merge: async () => (await import("../../http/routes/merges/merge-shapes.ts")).Merge,
  cut: async () => (await import("../../http/routes/merges/merge-shapes.ts")).Cut,
  batches: async () => (await import("../../http/routes/merges/merge-shapes.ts")).BatchPage,
  batchRows: async () => (await import("../../http/routes/merges/merge-shapes.ts")).BatchRows,
  explanation: async () => (await import("../../http/routes/merges/merge-shapes.ts")).Explanation,
  order: async (): Promise<z.ZodType<OrderDto>> => (await import("../../http/routes/merges/merge-shapes.ts")).Order,
  shadowCheck: async () => (await import("../../http/routes/merges/merge-shapes.ts")).ShadowCheck,
  collection: async () => (await import("../../http/routes/merges/merge-shapes.ts")).Collection,
  epochs: async () => (await import("../../http/routes/merges/schemas.ts")).EpochList,
  schemaCheck: async () => (await import("../../http/routes/merges/schemas.ts")).SchemaCheck,
  audit: async () => (await import("../../http/routes/merges/audit.ts")).AuditPage,
  nothing: async () => z.null(),
} as const;

/** A path with its query; what is `null` or `undefined` is left out. */
export function pathOf(
  segments: readonly string[],
  query: Readonly<Record<string, string | number | null | undefined>> = {},
): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined) search.set(name, String(value));
  }
  const path = segments.map((segment) => `/${encodeURIComponent(segment)}`).join("");
  return search.size === 0 ? path : `${path}?${search}`;
}
