import cliProgress, { type Bar } from "cli-progress";
import { formatCount, formatDuration } from "../render/quantities.ts";
import type { Style } from "../render/style.ts";
import type { ProgressReporter } from "./progress-reporter.ts";
import type { AssetProgress, RunProgress } from "./run-progress.ts";

export interface BarScreen {
  readonly stream: NodeJS.WritableStream;
  readonly rows: number;
  readonly style: Style;
}

const totalName = "all steps";

/** For terminals: a bar per asset and one for all; with more assets than the screen has lines, the one for all alone. */
export function createBarReporter(screen: BarScreen): ProgressReporter {
  const multiBar = new cliProgress.MultiBar({
    stream: screen.stream,
    format: `{name} ${screen.style.cyan("{bar}")} {count}  {note}`,
    fps: 10,
    barsize: Math.max(10, Math.min(30, screen.style.columns - 60)),
    barCompleteChar: "█",
    barIncompleteChar: "░",
    hideCursor: true,
    clearOnComplete: true,
    emptyOnZero: true,
    gracefulExit: false,
  });
  const bars = new Map<string, Bar>();
  const draw = (progress: RunProgress): void => {
    const lines = [...(progress.assets.length < screen.rows - 2 ? progress.assets : []), toTotal(progress)];
    const width = Math.max(...lines.map(({ asset }) => asset.length));
    for (const line of lines) {
      const payload = describeLine(line, width, screen.style);
      const bar = bars.get(line.asset) ?? multiBar.create(line.total, 0, payload);
      bars.set(line.asset, bar);
      bar.setTotal(line.total);
      bar.update(line.done, payload);
    }
  };
  return {
    update: draw,
    finish(progress) {
      draw(progress);
      multiBar.stop();
    },
  };
}

type Line = AssetProgress & { readonly note?: string };

function toTotal(progress: RunProgress): Line {
  const { done, total, failed, stepsPerSecond, remainingMs } = progress;
  const left = remainingMs === null ? "" : `, ${formatDuration(remainingMs)} left`;
  return { asset: totalName, done, total, failed, rowCount: 0, note: `${stepsPerSecond.toFixed(1)}/s${left}` };
}

function describeLine(line: Line, width: number, style: Style): Readonly<Record<string, string>> {
  const rows = line.rowCount > 0 ? `${formatCount(line.rowCount)} rows` : "";
  const failed = line.failed > 0 ? style.red(`${formatCount(line.failed)} failed  `) : "";
  const total = formatCount(line.total);
  return {
    name: line.asset.padEnd(width),
    count: `${formatCount(line.done).padStart(total.length)}/${total}`,
    note: `${failed}${line.note ?? rows}`,
  };
}
