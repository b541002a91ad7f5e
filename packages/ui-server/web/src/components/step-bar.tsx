import type { RunDto } from "../../../src/read/run-dto.ts";
import { statusTone, statusWord, type Status } from "./status.tsx";

/** From what is done to what will not be. */
export const stepStates = [
  "succeeded",
  "unchanged",
  "running",
  "ready",
  "waiting",
  "blocked",
  "failed",
  "upstreamFailed",
  "cancelled",
] as const satisfies readonly Status[];

/** How far a run is, as one bar: finished, running, waiting, failed. */
export function StepBar({ steps }: { readonly steps: RunDto["steps"] }) {
  const shown = stepStates.filter((state) => steps[state] > 0);
  const words = shown.map((state) => `${steps[state]} ${statusWord(state)}`).join(", ");
  return (
    <span className="step-bar" role="img" aria-label={words} title={words}>
      {shown.map((state) => (
        <span key={state} className={`tone-${statusTone(state)}`} style={{ flexGrow: steps[state] }} />
      ))}
    </span>
  );
}
