import { readdir, readFile } from "node:fs/promises";
import { source, type Ctx } from "@watersmeet/core";
import { z } from "zod";

/** What a registry says of an airport. What it leaves out it says nothing about. */
export const Entry = z.object({
  code: z.string().length(3),
  name: z.string().optional(),
  city: z.string().optional(),
  status: z.enum(["open", "closed", "planned"]).optional(),
  elevation: z.number().optional().meta({ unit: "ft" }),
  /** Since when this is so. */
  updatedAt: z.iso.datetime(),
});

/** A registry that sends changes says what each of them does. */
export const Change = Entry.extend({ does: z.enum(["upsert", "delete", "retract"]).optional() });

/** The aviation authority: changes, few and trusted. */
export const authority = source({ schema: Change, resource: "inbox", emits: "changes" }, async (ctx: Ctx) =>
  z.array(Change).parse(await nextBatch("authority", ctx)),
);

/** An airline's own list: changes, more of them, trusted less. */
export const airline = source({ schema: Change, resource: "inbox", emits: "changes" }, async (ctx: Ctx) =>
  z.array(Change).parse(await nextBatch("airline", ctx)),
);

/** Spotters, who send their whole list each time: what is missing from it they no longer claim. */
export const spotters = source({ schema: Entry, resource: "inbox", emits: "snapshot" }, async (ctx: Ctx) =>
  z.array(Entry).parse((await nextBatch("spotters", ctx)) ?? (await lastBatch("spotters", ctx))),
);

/** The batch that comes after the one that was read last; of a feed of changes, none is no change. */
async function nextBatch(registry: string, ctx: Ctx): Promise<unknown> {
  const read = z.int().parse((await ctx.checkpoint.get()) ?? 0);
  const files = await readdir("inbox");
  if (!files.includes(`${registry}-${read + 1}.json`)) return registry === "spotters" ? undefined : [];
  await ctx.checkpoint.set(read + 1);
  return readBatch(registry, read + 1);
}

/** A list that has not been renewed still stands. */
async function lastBatch(registry: string, ctx: Ctx): Promise<unknown> {
  return readBatch(registry, z.int().parse(await ctx.checkpoint.get()));
}

async function readBatch(registry: string, number: number): Promise<unknown> {
  return JSON.parse(await readFile(`inbox/${registry}-${number}.json`, "utf8"));
}
