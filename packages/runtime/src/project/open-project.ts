import { deriveProject, startAnalyzer, type LoadProjectOptions } from "./load-project.ts";
import type { Project } from "./project.ts";

/** A project that is loaded again as its files change. Disposing it keeps the facts of its files for the next process. */
export interface OpenProject extends AsyncDisposable {
  /** As last loaded. */
  current(): Project;
  /** Derives it again: only changed files are parsed. Calls that come while one is under way share the next one. Children load the new code with their next work. */
  reload(): Promise<Project>;
}

export async function openProject(options: LoadProjectOptions): Promise<OpenProject> {
  const analyzer = await startAnalyzer(options);
  let project = await deriveProject(analyzer, options);
  let running: Promise<Project> | null = null;
  let next: Promise<Project> | null = null;

  const load = async (): Promise<Project> => {
    project = await deriveProject(analyzer, { ...options, previous: project });
    return project;
  };
  const start = (): Promise<Project> => {
    next = null;
    running = load().finally(() => {
      running = null;
    });
    return running;
  };
  return {
    current: () => project,
    reload() {
      if (running === null) return start();
      // Whatever became of the one before.
      next ??= running.then(start, start);
      return next;
    },
    async [Symbol.asyncDispose]() {
      await running?.catch(() => {});
      await analyzer[Symbol.asyncDispose]();
    },
  };
}
