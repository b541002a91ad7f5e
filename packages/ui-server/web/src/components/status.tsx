/** Every state that the app shows, with a shape and a word besides its colour: colour alone never carries meaning. */
const statuses = {
  materialized: { tone: "ok", icon: "●", word: "materialized" },
  succeeded: { tone: "ok", icon: "●", word: "succeeded" },
  unchanged: { tone: "ok", icon: "○", word: "unchanged" },
  running: { tone: "running", icon: "▶", word: "running" },
  ready: { tone: "missing", icon: "▷", word: "ready" },
  queued: { tone: "missing", icon: "▷", word: "queued" },
  waiting: { tone: "missing", icon: "·", word: "waiting" },
  paused: { tone: "stale", icon: "⏸", word: "paused" },
  cancelling: { tone: "stale", icon: "◌", word: "cancelling" },
  cancelled: { tone: "missing", icon: "✕", word: "cancelled" },
  stale: { tone: "stale", icon: "◐", word: "stale" },
  missing: { tone: "missing", icon: "○", word: "missing" },
  failed: { tone: "failed", icon: "▲", word: "failed" },
  blocked: { tone: "blocked", icon: "■", word: "blocked" },
  upstreamFailed: { tone: "skipped", icon: "△", word: "upstream failed" },
} as const;

export type Status = keyof typeof statuses;

export function statusTone(status: Status): string {
  return statuses[status].tone;
}

export function statusWord(status: Status): string {
  return statuses[status].word;
}

export function StatusBadge({ status }: { readonly status: Status }) {
  const { tone, icon, word } = statuses[status];
  return (
    <span className={`badge tone-${tone}`}>
      <span aria-hidden="true">{icon}</span> {word}
    </span>
  );
}
