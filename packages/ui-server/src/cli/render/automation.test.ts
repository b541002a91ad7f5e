import { expect, test } from "vitest";
import type { AutomationDto, TickDto } from "../../read/automation-dto.ts";
import { renderAutomation, renderAutomationList, renderExplanation, renderTicks } from "./automation.ts";
import { plainStyle } from "./style.ts";

const missedTick: TickDto = {
  id: "4",
  name: "nightly",
  kind: "schedule",
  instant: "2026-11-24T01:30:00.000Z",
  evaluatedAt: "2026-11-24T08:00:00.000Z",
  outcome: "requested",
  missedCount: 3,
  message: "tick of 2026-11-24T01:30:00.000Z; 3 missed ticks before it: ran the last only",
  explanation: null,
  requests: [{ select: "+dailyDelays", partitions: null, dedupeKey: null, runId: "812", failure: null }],
};

const eagerTick: TickDto = {
  id: "5",
  name: "airports",
  kind: "condition",
  instant: "2026-11-24T08:00:01.000Z",
  evaluatedAt: "2026-11-24T08:00:01.000Z",
  outcome: "requested",
  missedCount: 0,
  message: "it is requested",
  explanation: {
    says: "a run of it is requested",
    asset: "airports",
    count: 1,
    of: 1,
    detail: null,
    parts: [
      {
        says: "another run would make another version",
        asset: "airports",
        count: 1,
        of: 1,
        detail: "input changed: faa",
        parts: [],
      },
    ],
  },
  requests: [{ select: "airports", partitions: null, dedupeKey: null, runId: null, failure: null }],
};

const repeated: TickDto = {
  ...missedTick,
  id: "6",
  name: "inbox",
  kind: "sensor",
  outcome: "deduplicated",
  missedCount: 0,
  message: '1 run asked for; deduplicated: "feed-7.json" (requested 2026-11-24T07:00:00.000Z, run 790)',
  requests: [],
};

function anAutomation(name: string, changes: Partial<AutomationDto> = {}): AutomationDto {
  return {
    name,
    kind: "condition",
    says: "eager()",
    doc: "",
    select: name,
    file: "assets/airports.ts",
    line: 12,
    pause: null,
    evaluatedAt: "2026-11-24T08:00:00.000Z",
    nextAt: null,
    failure: null,
    lastTick: null,
    ...changes,
  };
}

const nightly = anAutomation("nightly", {
  kind: "schedule",
  says: "30 2 * * * (Europe/Berlin)",
  doc: "Every night.",
  select: "+dailyDelays",
  nextAt: "2026-11-25T01:30:00.000Z",
  lastTick: missedTick,
});
const inbox = anAutomation("inbox", {
  kind: "sensor",
  says: "every 15 s",
  select: null,
  pause: { by: "cli:ana@host", reason: "month end", at: "2026-11-24T07:30:00.000Z" },
  lastTick: repeated,
});
const broken = anAutomation("upload", {
  kind: "sensor",
  says: "every 1 s",
  failure: { code: "USER_CODE_THREW", message: "the bucket is gone", hint: "Look at its log." },
});

test("the list says of each what it is, when it is looked at next, and what it came to", async () => {
  const text = renderAutomationList(
    [anAutomation("airports", { lastTick: eagerTick }), inbox, nightly, broken],
    plainStyle,
  );
  await expect(`${text}\n`).toMatchFileSnapshot("golden/automation-list.txt");
});

test("one is shown with its place, its pause, its failure and its last tick", async () => {
  const text = [nightly, inbox, broken].map((each) => renderAutomation(each, plainStyle)).join("\n\n");
  await expect(`${text}\n`).toMatchFileSnapshot("golden/automation-show.txt");
});

test("the history says what was run, missed, deduplicated, and step by step why", async () => {
  const text = renderTicks({ items: [repeated, eagerTick, missedTick], explains: true }, plainStyle);
  await expect(`${text}\n`).toMatchFileSnapshot("golden/automation-history.txt");
});

test("an explanation says yes or no of one partition, and for how many of several", async () => {
  const { explanation } = eagerTick;
  if (explanation === null) throw new Error("it has one");
  const one = renderExplanation(
    { name: "airports", says: "eager()", pause: null, requestedCount: 1, step: explanation },
    plainStyle,
  );
  const some = renderExplanation(
    {
      name: "daily",
      says: "eager()",
      pause: inbox.pause,
      requestedCount: 2,
      step: { ...explanation, count: 2, of: 7 },
    },
    plainStyle,
  );
  await expect(`${[...one, "", ...some].join("\n")}\n`).toMatchFileSnapshot("golden/automation-why.txt");
});

test("a project without any says how one is written", () => {
  expect(renderAutomationList([], plainStyle)).toContain("automation: eager()");
});
