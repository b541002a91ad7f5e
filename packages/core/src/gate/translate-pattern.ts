/**
 * Writes a JavaScript regular expression in the dialect that JavaScript, RE2 (DuckDB) and Postgres read alike, or says `null` when it is not certain that they do.
 * The dialect: printable ASCII, `^` and `$` for the whole text's ends and at the ends of a branch (DuckDB's optimizer misreads `^^` and `$a`), classes of listed characters, groups, alternatives, greedy quantifiers up to 255.
 * Out: flags, `.` and negated classes (they differ on line ends and beyond U+FFFF), `\s`, `\b`, look-around, back references, lazy quantifiers.
 */
export function translatePattern(regex: RegExp): string | null {
  if (regex.flags.replace("u", "") !== "" || !/^[\x20-\x7e]*$/.test(regex.source)) return null;
  let rest = regex.source;
  let pattern = "";
  let canRepeat = false;
  while (rest !== "") {
    const token = tokens.find(({ shape }) => shape.test(rest));
    const text = token === undefined ? undefined : token.shape.exec(rest)?.[0];
    if (token === undefined || text === undefined || (token.kind === "quantifier" && !canRepeat)) return null;
    const written = token.write(text);
    if (written === null || (text === "^" && !/(?:^|(?<!\\)\||\(\?:)$/.test(pattern))) return null;
    pattern += written;
    canRepeat = token.kind === "atom";
    rest = rest.slice(text.length);
  }
  return pattern;
}

interface Token {
  readonly shape: RegExp;
  /** Only an atom can be repeated. */
  readonly kind: "atom" | "quantifier" | "other";
  readonly write: (text: string) => string | null;
}

const maxRepeat = 255;
const classes: Readonly<Record<string, string>> = { "\\d": "0-9", "\\w": "A-Za-z0-9_" };

// In order: the first whose shape begins the rest of the pattern is taken.
const tokens: readonly Token[] = [
  { shape: /^\(\?:/, kind: "other", write: () => "(?:" },
  { shape: /^\((?!\?)/, kind: "other", write: () => "(?:" },
  { shape: /^\)/, kind: "atom", write: () => ")" },
  { shape: /^(?:[|^]|\$(?=$|[|)]))/, kind: "other", write: (text) => text },
  { shape: /^[?*+](?![?+*])/, kind: "quantifier", write: (text) => text },
  { shape: /^\{\d+(?:,\d*)?\}(?![?+*{])/, kind: "quantifier", write: writeRepeat },
  { shape: /^\[(?!\^)(?:\\.|[^\]\\])+\]/, kind: "atom", write: writeClass },
  { shape: /^\\[dw]/, kind: "atom", write: (text) => `[${classes[text]}]` },
  { shape: /^\\[^A-Za-z0-9]/, kind: "atom", write: (text) => escapeLiteral(text.slice(1)) },
  { shape: /^[^\\.^$|?*+()[\]{}]/, kind: "atom", write: escapeLiteral },
];

function writeRepeat(text: string): string | null {
  const counts = text
    .slice(1, -1)
    .split(",")
    .filter((count) => count !== "");
  return counts.every((count) => Number(count) <= maxRepeat) ? text : null;
}

const classMember = /\\[dw]|\\[^A-Za-z0-9]|[^\\]/g;

/** Members are written one by one; a range is two single characters around a hyphen, in order. */
function writeClass(text: string): string | null {
  const inside = text.slice(1, -1);
  const members = inside.match(classMember) ?? [];
  if (members.join("") !== inside) return null;
  let written = "";
  for (let index = 0; index < members.length; index += 1) {
    const [member = "", hyphen, last] = members.slice(index, index + 3);
    const isRange = hyphen === "-" && last !== undefined;
    if (isRange && (member in classes || last in classes)) return null;
    if (isRange) index += 2;
    written += isRange ? `${escapeMember(member)}-${escapeMember(last)}` : escapeMember(member);
  }
  return `[${written}]`;
}

function escapeMember(member: string): string {
  const class_ = classes[member];
  if (class_ !== undefined) return class_;
  const character = member.length === 2 ? member.slice(1) : member;
  return /[\\\]^[-]/.test(character) ? `\\${character}` : character;
}

/** The pattern that matches a literal text. */
export function escapeLiteral(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}
