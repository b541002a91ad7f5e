/** Texts by row, packed when they are SHA-256 digests in hex: 32 bytes instead of an object. */
export interface DigestColumn {
  set(row: number, text: string): void;
  clear(row: number): void;
  get(row: number): string | undefined;
  /** Whether both rows hold the same text; rows without one are equal. */
  isSame(row: number, other: DigestColumn, otherRow: number): boolean;
  /** @internal For `isSame` of another column. */
  readonly packed: () => PackedRows;
}

/** A state for each row, and eight words for those that hold a digest. */
interface PackedRows {
  readonly words: Uint32Array;
  readonly states: Uint8Array;
}

const absent = 0;
const digest = 1;
const other = 2;

const wordsPerDigest = 8;
const bytesPerDigest = 32;
const digestPattern = /^[0-9a-f]{64}$/;

export function createDigestColumn(): DigestColumn {
  let words = new Uint32Array(0);
  let bytes = Buffer.from(words.buffer);
  let states = new Uint8Array(0);
  const others = new Map<number, string>();
  const reserve = (rows: number): void => {
    if (rows <= states.length) return;
    const capacity = Math.max(rows, 16, states.length * 2);
    const grown = new Uint32Array(capacity * wordsPerDigest);
    grown.set(words);
    const grownStates = new Uint8Array(capacity);
    grownStates.set(states);
    words = grown;
    bytes = Buffer.from(grown.buffer);
    states = grownStates;
  };
  const get = (row: number): string | undefined => {
    const state = states[row] ?? absent;
    if (state === other) return others.get(row);
    return state === absent ? undefined : bytes.toString("hex", row * bytesPerDigest, (row + 1) * bytesPerDigest);
  };
  return {
    get,
    packed: () => ({ words, states }),
    set(row, text) {
      reserve(row + 1);
      const isDigest = digestPattern.test(text);
      states[row] = isDigest ? digest : other;
      if (isDigest) bytes.write(text, row * bytesPerDigest, "hex");
      else others.set(row, text);
    },
    clear(row) {
      if (row < states.length) states[row] = absent;
    },
    isSame(row, column, otherRow) {
      const { words: theirs, states: theirStates } = column.packed();
      if (states[row] !== digest || theirStates[otherRow] !== digest) return get(row) === column.get(otherRow);
      const start = row * wordsPerDigest;
      const theirStart = otherRow * wordsPerDigest;
      for (let word = 0; word < wordsPerDigest; word++)
        if (words[start + word] !== theirs[theirStart + word]) return false;
      return true;
    },
  };
}
