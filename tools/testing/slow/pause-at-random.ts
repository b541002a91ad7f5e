import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly state: string;
}

const longestPauseMs = 5000;
const longestGapMs = 3000;

/** Until disposed, one of the processes below `root` after the other stands still for a while. Those that stand still already, because a test wants it, are left alone. */
export function pauseAtRandom(root: number, seed: number): AsyncDisposable {
  const over = new AbortController();
  const going = keepPausing(root, randomNumbers(seed), over.signal);
  return {
    async [Symbol.asyncDispose]() {
      over.abort();
      await going;
    },
  };
}

async function keepPausing(root: number, random: () => number, signal: AbortSignal): Promise<void> {
  const started = performance.now();
  while (!signal.aborted) {
    await pass(random() * longestGapMs, signal);
    const below = listBelow(root).filter(({ state }) => state !== "T" && state !== "Z");
    const chosen = below[Math.floor(random() * below.length)];
    if (chosen === undefined || signal.aborted) continue;
    const pauseMs = random() * longestPauseMs;
    const command = readProcess(chosen.pid, "cmdline").replaceAll("\0", " ").slice(0, 120);
    if (!signalProcess(chosen.pid, "SIGSTOP")) continue;
    const at = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(`[${at} s] ${chosen.pid} stands still for ${Math.round(pauseMs)} ms: ${command}\n`);
    await pass(pauseMs, signal);
    signalProcess(chosen.pid, "SIGCONT");
  }
}

async function pass(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}

function signalProcess(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

function listBelow(root: number): readonly Process[] {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => parseStatus(Number(name), readProcess(Number(name), "stat")));
  const below = new Set([root]);
  // Parents need not come before their children.
  for (let size = 0; size !== below.size;) {
    size = below.size;
    for (const { pid, parent } of all) if (below.has(parent)) below.add(pid);
  }
  return all.filter(({ pid }) => pid !== root && below.has(pid));
}

/** `pid (name) state parent …`, where the name may hold anything. */
function parseStatus(pid: number, status: string): readonly Process[] {
  const [state, parent] = status.slice(status.lastIndexOf(")") + 2).split(" ");
  return state === undefined || parent === undefined ? [] : [{ pid, parent: Number(parent), state }];
}

function readProcess(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8");
  } catch {
    return "";
  }
}

/** The same numbers for the same seed (mulberry32). */
function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) / 4_294_967_296;
  };
}
