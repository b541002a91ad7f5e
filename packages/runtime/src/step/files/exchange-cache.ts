import { mkdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { AssetKey } from "@watersmeet/core/values";
import type { ExchangeFile, InputVersions } from "../../stores/port/staging.ts";
import type { Store } from "../../stores/store.ts";

/** A file of an input's rows, kept for as long as it is held. */
export interface HeldFile extends Disposable {
  readonly file: ExchangeFile;
}

interface Entry {
  readonly exported: Promise<ExchangeFile>;
  holders: number;
  sizeBytes: number;
  releasedAt: number;
}

/**
 * Files of input rows under one folder, made once for any number of steps that read the same versions. What nobody holds stays until
 * the folder is larger than `maxBytes`; then the longest unused go first.
 */
export class ExchangeCache {
  readonly #directory: string;
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Entry>();
  #folderCount = 0;

  constructor(directory: string, maxBytes: number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
  }

  async hold(store: Store, input: InputVersions): Promise<HeldFile> {
    const name = nameOf(store, input);
    const entry = this.#entries.get(name) ?? this.#add(name, store, input);
    entry.holders += 1;
    try {
      const file = await entry.exported;
      return { file, [Symbol.dispose]: () => this.#release(entry) };
    } catch (error) {
      this.#entries.delete(name);
      throw error;
    }
  }

  #add(name: string, store: Store, input: InputVersions): Entry {
    const entry: Entry = { exported: this.#export(store, input), holders: 0, sizeBytes: 0, releasedAt: 0 };
    this.#entries.set(name, entry);
    return entry;
  }

  async #export(store: Store, input: InputVersions): Promise<ExchangeFile> {
    // A folder of its own: what is evicted and made again at the same time never meets.
    this.#folderCount += 1;
    const folder = join(this.#directory, String(this.#folderCount));
    await mkdir(folder, { recursive: true });
    return store.exportFile(input, folder);
  }

  #release(entry: Entry): void {
    entry.holders -= 1;
    entry.releasedAt = performance.now();
    void this.#evict(entry);
  }

  async #evict(released: Entry): Promise<void> {
    const { path } = await released.exported;
    released.sizeBytes = await sizeOf(path);
    const total = [...this.#entries.values()].reduce((sum, entry) => sum + entry.sizeBytes, 0);
    let excess = total - this.#maxBytes;
    const unused = [...this.#entries].filter(([, entry]) => entry.holders === 0);
    for (const [name, entry] of unused.sort(([, a], [, b]) => a.releasedAt - b.releasedAt)) {
      if (excess <= 0) return;
      excess -= entry.sizeBytes;
      this.#entries.delete(name);
      await rm(dirname((await entry.exported).path), { recursive: true, force: true });
    }
  }
}

function nameOf(store: Store, { asset, versions }: InputVersions): string {
  const key: AssetKey = asset.key;
  return [store.name, key, ...versions.map(({ partition, version }) => `${partition}@${version}`)].join("\n");
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch {
    return 0;
  }
}
