/** Every state that the app shows, with a shape and a word besides its colour: colour alone never carries meaning. */
const statuses = {
  materialized: { tone: "ok", icon: "●", word: "materialized" },
  succeeded: { tone: "ok", icon: "●", word: "succeeded" },
  unchanged: { tone: "ok", icon: "○", word: "unchanged" },
  running: { tone: "running", icon: "▶", word: "running" },
  ready: { tone: "missing", icon: "▷", word: "ready" },
  queued: { tone: "missing", icon: "▷", word: "queued" },
  waiting: { tone: "missing", icon: "·", word: "waiting" },
  paused: { tone: "stale", icon: "‖", word: "paused" },
  cancelling: { tone: "stale", icon: "◌", word: "cancelling" },
  cancelled: { tone: "missing", icon: "✕", word: "cancelled" },
  stale: { tone: "stale", icon: "◐", word: "stale" },
  missing: { tone: "missing", icon: "○", word: "missing" },
  failed: { tone: "failed", icon: "▲", word: "failed" },
  blocked: { tone: "blocked", icon: "■", word: "blocked" },
  upstreamFailed: { tone: "skipped", icon: "△", word: "upstream failed" },
  // Sources of a merge.
  active: { tone: "ok", icon: "●", word: "active" },
  idle: { tone: "missing", icon: "◌", word: "idle" },
  finished: { tone: "ok", icon: "■", word: "finished" },
  suspect: { tone: "stale", icon: "◐", word: "overdue" },
  // Circuit breakers of resources.
  closed: { tone: "ok", icon: "●", word: "closed" },
  open: { tone: "failed", icon: "▲", word: "open" },
  halfOpen: { tone: "stale", icon: "◐", word: "half-open" },
  forcedOpen: { tone: "blocked", icon: "■", word: "held open" },
  disabled: { tone: "stale", icon: "◌", word: "disabled" },
  // What evaluations come to.
  requested: { tone: "ok", icon: "▶", word: "requested" },
  skipped: { tone: "stale", icon: "◌", word: "skipped" },
  deduplicated: { tone: "missing", icon: "◎", word: "deduplicated" },
  // Batches and contributions of a merge.
  live: { tone: "ok", icon: "●", word: "live" },
  winner: { tone: "ok", icon: "●", word: "won" },
  superseded: { tone: "missing", icon: "○", word: "superseded" },
  masked: { tone: "missing", icon: "◌", word: "masked" },
  duplicate: { tone: "missing", icon: "◎", word: "duplicate" },
  held: { tone: "stale", icon: "‖", word: "held" },
  rejected: { tone: "blocked", icon: "■", word: "rejected" },
  revoked: { tone: "failed", icon: "✕", word: "revoked" },
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
