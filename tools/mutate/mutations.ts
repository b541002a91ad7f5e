/** A bug that somebody could make, and the tests that must notice it. */
export interface Mutation {
  /** Its number in the list of `docs/contributing/testing.md`, with a letter where it can be made in several places. */
  readonly id: string;
  readonly title: string;
  /** Relative to the repository. */
  readonly file: string;
  /** A text that is in the file once. */
  readonly find: string;
  readonly replace: string;
  /** Test files, relative to the repository: as few as notice it. */
  readonly tests: readonly string[];
}

const core = "packages/core/src/merge";
const stores = "packages/runtime/src/stores";
const runtime = "packages/runtime/src";
const engines = ["packages/runtime/test/merge/engines-agree.test.ts"];
const laws = [`${core}/laws.test.ts`];

/** Bugs that merges are prone to: each was made by somebody, somewhere. The numbers are those of the reference on merge semantics, section 4.4. */
export const mutations: readonly Mutation[] = [
  {
    id: "1a",
    title: "the value hash decides nothing between equal tokens: SQL",
    file: `${stores}/merge/fold/render-survivors.ts`,
    find: "${renderValueHash(dialect, plan, table)} as _hash",
    replace: "'' as _hash",
    tests: engines,
  },
  {
    id: "1b",
    title: "the value hash is no part of the token: reference",
    file: `${core}/contribution/token.ts`,
    find: "    parts.valueHash,\n",
    replace: "",
    tests: laws,
  },
  {
    id: "2a",
    title: "of equal tokens what was written last wins: SQL",
    file: `${stores}/merge/fold/render-survivors.ts`,
    find: "order by ${token}, _hash) as ${token}",
    replace: "order by ${token}, _row) as ${token}",
    tests: engines,
  },
  {
    id: "2b",
    title: "arrival is the sequence of a contribution: reference",
    file: `${core}/fold/fold.ts`,
    find: "const parts = tokenParts(spec.policy, spec.schema, contribution);",
    replace: "const parts = { ...tokenParts(spec.policy, spec.schema, contribution), sequence: BigInt(index) };",
    tests: laws,
  },
  {
    id: "3a",
    title: "what is exactly as late as a delete outlives it: SQL",
    file: `${stores}/merge/fold/render-token.ts`,
    find: "`coalesce(_op, 0)::${type}`",
    replace: "`(2 - coalesce(_op, 0))::${type}`",
    tests: engines,
  },
  {
    id: "3b",
    title: "what is exactly as late as a delete outlives it: reference",
    file: `${core}/contribution/token.ts`,
    find: "{ upsert: 0, retract: 1, delete: 2 }",
    replace: "{ upsert: 2, retract: 1, delete: 0 }",
    tests: laws,
  },
  {
    id: "4a",
    title: "absent is null: the fold in SQL",
    file: `${stores}/merge/fold/render-token.ts`,
    find: "...(bit === null ? [] : [`coalesce(get_bit(_present, ${bit}), 1) = 1`]),",
    replace: "",
    tests: engines,
  },
  {
    id: "4b",
    title: "absent is null: sealing",
    file: `${stores}/merge/seal/render-seal.ts`,
    find: "then '1' else '0' end`",
    replace: "then '1' else '1' end`",
    tests: ["packages/runtime/test/merge/incremental.test.ts"],
  },
  {
    id: "4c",
    title: "absent is null: reference",
    file: `${core}/contribution/contribution.ts`,
    find: "return Object.hasOwn(contribution.cells, column);",
    replace: "return true;",
    tests: laws,
  },
  {
    id: "5a",
    title: "null loses against any value: SQL",
    file: `${stores}/merge/fold/render-token.ts`,
    find: "...(isNullAbsent ? [`${cell} is not null`] : []),",
    replace: '...(cell === "" ? [] : [`${cell} is not null`]),',
    tests: engines,
  },
  {
    id: "5b",
    title: "null loses against any value: reference",
    file: `${core}/contribution/contribution.ts`,
    find: "return Object.hasOwn(contribution.cells, column);",
    replace: "return (contribution.cells[column] ?? null) !== null;",
    tests: laws,
  },
  {
    id: "6",
    title: "tombstones are collected when they are published",
    file: `${stores}/merge/merge-engine.ts`,
    find: "  await noteVersions(session, publications);\n",
    replace: `  await noteVersions(session, publications);
  const written = await session.run(\`select distinct asset_id, schema_id from \${internalSchema}.merge_batch\`);
  for (const row of written) {
    const table = contributionTableBareName(numberOf(row, "asset_id"), textOf(row, "schema_id"));
    await session.run(\`delete from \${internalSchema}."\${table}" where _op = 2\`);
  }
`,
    tests: ["packages/runtime/test/merge/golden-cuts.test.ts"],
  },
  {
    id: "7",
    title: "a new batch with a sequence behind the greatest one is taken for known",
    file: `${stores}/merge/seal/seal-branches.ts`,
    find: "  for (const delivery of branch.deliveries) {\n",
    replace: `  for (const delivery of branch.deliveries) {
    const of = work.facts.known.filter((batch) => batch.source === branch.name);
    const isNew = of.every((batch) => batch.batchKey !== delivery.batchKey);
    if (isNew && of.some((batch) => batch.batchSequence > delivery.sequence)) continue;
`,
    tests: ["packages/runtime/test/merge/incremental.test.ts"],
  },
  {
    id: "8",
    title: "the ledger of a store is committed before the rows",
    file: `${stores}/commit/apply-commits.ts`,
    find: '  await context.onPhase("ledgerWritten");\n',
    replace:
      '  await session.run("commit");\n  await session.run("begin");\n  await context.onPhase("ledgerWritten");\n',
    tests: ["packages/runtime/test/stores/stamped/stamped-commit.test.ts"],
  },
  {
    id: "9a",
    title: "the digest of rows is an exclusive or: DuckDB",
    file: `${stores}/duckdb/duckdb-dialect.ts`,
    find: "`sum(('0x' ||",
    replace: "`bit_xor(('0x' ||",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "9b",
    title: "the digest of rows is an exclusive or: Postgres",
    file: `${stores}/postgres/pg-dialect.ts`,
    find: "return `sum(${serverVersion",
    replace: "return `bit_xor(${serverVersion",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "9c",
    title: "the digest of rows is an exclusive or: reference",
    file: "packages/core/src/schema/canonical-row.ts",
    find: "    first += hash.readBigInt64BE(0);\n    second += hash.readBigInt64BE(8);\n",
    replace: "    first ^= hash.readBigInt64BE(0);\n    second ^= hash.readBigInt64BE(8);\n",
    tests: ["packages/core/src/schema/canonical-row.test.ts"],
  },
  {
    id: "9d",
    title: "the digest of a batch is an exclusive or",
    file: `${core}/batch/seal-batch.ts`,
    find: "    sums[0] += hash.readBigInt64BE(0);\n    sums[1] += hash.readBigInt64BE(8);\n",
    replace: "    sums[0] ^= hash.readBigInt64BE(0);\n    sums[1] ^= hash.readBigInt64BE(8);\n",
    tests: [`${core}/batch/batch.test.ts`],
  },
  {
    id: "10a",
    title: "names are joined with a delimiter where one identity is made of several",
    file: "packages/core/src/values/fingerprint.ts",
    find: 'parts.map((part) => `${Buffer.byteLength(part)}:${part}`).join("")',
    replace: 'parts.join("|")',
    tests: ["packages/core/src/values/fingerprint.test.ts"],
  },
  {
    id: "10b",
    title: "the parts of a key are joined with a delimiter: reference",
    file: `${core}/contribution/key.ts`,
    find: "bytes: Buffer.concat(parts) }",
    replace: 'bytes: Buffer.from(columns.map(({ name }) => String(cells[name])).join("|")) }',
    tests: laws,
  },
  {
    id: "10c",
    title: "texts stand beside each other without their length: DuckDB",
    file: `${stores}/duckdb/duckdb-dialect.ts`,
    find: "coalesce(strlen(${text})::integer::bit::blob || encode(${text}), ",
    replace: "coalesce(encode(${text} || '|'), ",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "11a",
    title: "equal rows of one batch are not told apart: sealing",
    file: `${stores}/merge/seal/seal-rows.ts`,
    find: "await host.session.run(renderMarkCopies(dialect, spec, sealed));",
    replace: "",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "11b",
    title: "different rows of one batch with one key and time are not refused: sealing",
    file: `${stores}/merge/seal/seal-rows.ts`,
    find: "if (ambiguous.length > 0) throw",
    replace: "if (ambiguous.length > 1_000) throw",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "11c",
    title: "a row that two batches have counts twice: the fold in SQL",
    file: `${stores}/merge/fold/render-survivors.ts`,
    find: " from e2 where _again = 1)`",
    replace: " from e2)`",
    tests: engines,
  },
  {
    id: "12",
    title: "the gate is asked after readers see the rows",
    file: `${runtime}/step/run-step.ts`,
    find: '    if (gated.kind === "ended") return gated.outcome;\n',
    replace: `    if (gated.kind === "ended") {
      const unjudged = await work.store.measure(staged, [], signal);
      await commitStaged(work, { staged, measurement: unjudged, report: called.value.report });
      return gated.outcome;
    }
`,
    tests: ["packages/runtime/test/step/step.test.ts"],
  },
  {
    id: "13",
    title: "what was staged last is published, whoever commits",
    file: `${stores}/duckdb/publish.ts`,
    find: "const staging = area.find(attempt);",
    replace: "const staging = area.list().at(-1);",
    tests: ["packages/runtime/test/stores/duckdb-store.test.ts"],
  },
  {
    id: "14",
    title: "a source that says nothing for a while is idle",
    file: `${core}/late/source-watermark.ts`,
    find: 'if (isOverdue(terms)) return "suspect";',
    replace: 'if (isOverdue(terms)) return "idle";',
    tests: [`${core}/late/source-watermark.test.ts`],
  },
  {
    id: "15",
    title: "the watermark is the greatest time, whatever disorder is allowed",
    file: `${core}/late/source-watermark.ts`,
    find: "return seen === null ? null : seen - disorderUs;",
    replace: "return seen;",
    tests: [`${core}/late/source-watermark.test.ts`],
  },
  {
    id: "16a",
    title: "a promise from the future moves the watermark",
    file: `${core}/late/source-watermark.ts`,
    find: " && !isFuture(us, terms)",
    replace: "",
    tests: [`${core}/late/source-watermark.test.ts`],
  },
  {
    id: "16b",
    title: "a row from the future is sealed like any other, and moves the watermark",
    file: `${stores}/merge/seal/render-seal.ts`,
    find: "...(eventTime === null || seal.latestTime === null",
    replace: "...(eventTime === null || seal.latestTime !== undefined",
    tests: ["packages/runtime/test/merge/late.test.ts"],
  },
  {
    id: "17a",
    title: "late rows are dropped: sealing",
    file: `${stores}/merge/seal/seal-rows.ts`,
    find: ".filter(({ number }) => counted.kept.has(number));",
    replace: ".filter(() => false);",
    tests: ["packages/runtime/test/merge/late.test.ts"],
  },
  {
    id: "17b",
    title: "rows that wait are not counted: reference",
    file: `${core}/batch/batch-set.ts`,
    find: 'held: countOf("held"),',
    replace: "held: 0,",
    tests: [`${core}/late/late-laws.test.ts`],
  },
  {
    id: "18a",
    title: "rows of before a column was added set it to null: SQL",
    file: `${stores}/merge/forms/read-forms.ts`,
    find: ".filter(({ from }) => from !== null && carried.has(from))",
    replace: ".filter(({ from }) => from === null || carried.has(from))",
    tests: ["packages/runtime/test/merge/epochs/readings.test.ts"],
  },
  {
    id: "18b",
    title: "rows of before a column was added set it: reference",
    file: `${core}/epoch/build-upcast.ts`,
    find: "|| from === null || !Object.hasOwn(cells, from)",
    replace: "|| from === null",
    tests: [`${core}/epoch/build-upcast.test.ts`],
  },
  {
    id: "19",
    title: "a schema is compared with the one before it, not with all that rows are kept of",
    file: `${core}/epoch/check-epochs.ts`,
    find: "const kept = check.registered.filter((epoch) => epoch.batches > 0);",
    replace: "const kept = check.registered.filter((epoch) => epoch.batches > 0).slice(-1);",
    tests: [`${core}/epoch/check-epochs.test.ts`],
  },
  {
    id: "20a",
    title: "an asset is taken back whatever was built from it",
    file: `${runtime}/app/merges/rollback/rollback-head.ts`,
    find: 'if (request.cascade === "refuse") await refuseTearing(parts, asset, back);',
    replace: "",
    tests: ["packages/runtime/test/app/merges-rollback.test.ts"],
  },
  {
    id: "20b",
    title: "a merge is taken back whatever was built from it",
    file: `${runtime}/app/merges/rollback/rollback-merge.ts`,
    find: 'if (request.cascade === "refuse") await refuseTearing(parts, merge, { partition, to });',
    replace: "",
    tests: ["packages/runtime/test/app/merges-desk.test.ts"],
  },
  {
    id: "21a",
    title: "what a step needs counts as there when it failed",
    file: `${runtime}/queue/record/advance-runs.ts`,
    find: `  const good = ended.filter(({ move }) => move.state === "succeeded" || move.state === "unchanged").map(ordinalOf);
  const failed = ended.filter(({ move }) => move.state === "failed" || move.state === "blocked").map(ordinalOf);
`,
    replace: `  const good = ended.map(ordinalOf);
  const failed: readonly number[] = [];
`,
    tests: ["packages/runtime/test/worker/random-runs.test.ts"],
  },
  {
    id: "21b",
    title: "batches of an attempt that is not committed are known to the next one",
    file: `${stores}/merge/catalog/batches.ts`,
    find: " and staged_by is null order by number`",
    replace: " order by number`",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "22a",
    title: "sums of floats are allowed",
    file: `${core}/fold/exact-sum.ts`,
    find: 'return type.kind === "integer" ||',
    replace: 'return type.kind === "double" || type.kind === "integer" ||',
    tests: [`${core}/check-policy.test.ts`],
  },
  {
    id: "22b",
    title: "sums are made of floats: SQL",
    file: `${stores}/merge/fold/render-aggregates.ts`,
    find: "return `${policy}(${column.type.kind",
    replace: 'return `${policy}(${policy === "sum" ? `${cell}::float8` : column.type.kind',
    tests: engines,
  },
  {
    id: "23a",
    title: "texts are compared in UTF-16: reference",
    file: `${core}/fold/compare-values.ts`,
    find: "return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));",
    replace: "return String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;",
    tests: [`${core}/fold/compare-values.test.ts`],
  },
  {
    id: "23b",
    title: "sources are compared in UTF-16: what SQL orders by",
    file: `${core}/plan/packed-order.ts`,
    find: "return first.length - second.length || Buffer.compare(first, second);",
    replace: "return first.length - second.length || (a < b ? -1 : a > b ? 1 : 0);",
    tests: [`${core}/plan/packed-order.test.ts`],
  },
  {
    id: "23c",
    title: "texts are compared by the collation of the database: Postgres",
    file: `${stores}/postgres/merge-dialect.ts`,
    find: '`text collate "C"`',
    replace: '`text collate "und-x-icu"`',
    tests: engines,
  },
  {
    id: "24a",
    title: "event times are cut to milliseconds: DuckDB",
    file: `${stores}/duckdb/duckdb-dialect.ts`,
    find: "renderEpochMicros: (expression) => `epoch_us(${expression})`,",
    replace: "renderEpochMicros: (expression) => `(epoch_ms(${expression}) * 1000)`,",
    tests: ["packages/runtime/test/merge/incremental.test.ts"],
  },
  {
    id: "24b",
    title: "timestamps are cut to milliseconds: reference",
    file: "packages/core/src/schema/instant.ts",
    find: "return BigInt(seconds) * microsPerSecond + BigInt(micros);",
    replace: "return BigInt(seconds) * microsPerSecond + (BigInt(micros) / 1_000n) * 1_000n;",
    tests: ["packages/core/src/schema/canonical-row.test.ts"],
  },
  {
    id: "25",
    title: "of what has changed only the new batches are folded",
    file: `${stores}/merge/fold/stage-fold.ts`,
    find: "const folded = await fold(work, { table, live: work.live });",
    replace: "const folded = await fold(work, { table, live: differenceOf(work.live, before.live) });",
    tests: ["packages/runtime/test/merge/incremental.test.ts"],
  },
  {
    id: "26a",
    title: "what a merge has read is not looked at again before it is published",
    file: `${runtime}/step/run-step.ts`,
    find: "const read = (await readSet?.revalidate()) ?? [];",
    replace: "const read: never[] = [];",
    tests: ["packages/runtime/test/step/merge/alignment.test.ts"],
  },
  {
    id: "26b",
    title: "what a merge has read is not looked at again within the commit",
    file: `${stores}/commit/decide-commits.ts`,
    find: "isOnBase ? findMovedInput(request, facts) :",
    replace: "isOnBase ? null :",
    tests: [`${stores}/commit/decide-commits.test.ts`],
  },
  {
    id: "26c",
    title: "a step is published on whatever head is there by now",
    file: `${stores}/commit/decide-commits.ts`,
    find: "const isOnBase = head === request.baseVersion &&",
    replace: "const isOnBase = head !== undefined &&",
    tests: [`${stores}/commit/decide-commits.test.ts`],
  },
  {
    id: "27",
    title: "the ranks of sources are those of the day when a row was folded first",
    file: `${stores}/merge/stage-merge.ts`,
    find: "stableJson(spec.policy), form.hash",
    replace: "stableJson({ ...spec.policy, trust: {} }), form.hash",
    tests: ["packages/runtime/test/merge/stage-merge.test.ts"],
  },
  {
    id: "28",
    title: "trust fades as time passes",
    file: `${core}/contribution/token.ts`,
    find: "return BigInt(Object.hasOwn(policy.trust, source) ? (policy.trust[source] ?? 0) : 0);",
    replace: `const rank = Object.hasOwn(policy.trust, source) ? (policy.trust[source] ?? 0) : 0;
  return BigInt(Math.trunc(rank / 2 ** (Date.now() / 1e12)));`,
    tests: laws,
  },
];
