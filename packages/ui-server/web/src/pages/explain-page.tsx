import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { shortId } from "../../../src/read/merges/merge-words.ts";
import { mergeQuestions, type KeyQuestion } from "../api/merge-queries.ts";
import { ExplanationView } from "../components/merges/explanation.tsx";
import { Empty, ErrorNotice, Loading } from "../components/notice.tsx";
import { useTitle } from "../components/use-title.ts";

interface Props {
  readonly mergeKey: string;
  readonly question: KeyQuestion;
}

const keyPrefix = "key.";

/** Cells of a key among the parameters of an address: `key.iata=JFK`. */
export function readKeyCells(search: Readonly<Record<string, string | undefined>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(search).flatMap(([name, text]) =>
      name.startsWith(keyPrefix) && text !== undefined ? [[name.slice(keyPrefix.length), text] as const] : [],
    ),
  );
}

/** Why a row of a merge is as it is. */
export function ExplainPage({ mergeKey, question }: Props) {
  const cells = Object.entries(question.key);
  const name = cells.map(([column, text]) => `${column}=${text}`).join(" ");
  useTitle(`${mergeKey} ${name}`);
  return (
    <>
      <header className="page-header">
        <h1>
          Why {mergeKey} says this of {name === "" ? "a key" : name}
        </h1>
        <Link to="/merges/$key" params={{ key: mergeKey }} search={{ partition: question.partition }}>
          Back to the merge
        </Link>
      </header>
      <KeyForm mergeKey={mergeKey} question={question} />
      {cells.length === 0 ? <Empty>Give the key of a row.</Empty> : <Answer mergeKey={mergeKey} question={question} />}
    </>
  );
}

function Answer({ mergeKey, question }: Props) {
  const explanation = useQuery(mergeQuestions.explanation(mergeKey, question));
  if (explanation.isPending) return <Loading what="the explanation" />;
  if (explanation.isError) return <ErrorNotice error={explanation.error} />;
  const { version, cutId } = explanation.data;
  return (
    <>
      <p className="quiet">
        Version {version}, cut <code title={cutId}>{shortId(cutId)}</code>
      </p>
      <ExplanationView explanation={explanation.data} />
    </>
  );
}

/** Another key, or another version. */
function KeyForm({ mergeKey, question }: Props) {
  const navigate = useNavigate();
  const merge = useQuery(mergeQuestions.merge(mergeKey));
  const [cells, setCells] = useState(question.key);
  const [at, setAt] = useState(question.at ?? "");
  const [partition, setPartition] = useState(question.partition ?? "");
  if (merge.data === undefined) return null;
  const columns = merge.data.policy.key;
  const hasPartitions = merge.data.partitions.some((point) => point.partition !== "");
  return (
    <form
      className="key-form"
      aria-label="Key"
      onSubmit={(event) => {
        event.preventDefault();
        const key = Object.fromEntries(columns.map((column) => [`${keyPrefix}${column}`, cells[column] ?? ""]));
        void navigate({
          to: "/merges/$key/explain",
          params: { key: mergeKey },
          search: { ...key, partition: orUndefined(partition), at: orUndefined(at) },
        });
      }}
    >
      {columns.map((column) => (
        <label key={column}>
          {column}{" "}
          <input
            name={column}
            value={cells[column] ?? ""}
            onChange={(event) => setCells({ ...cells, [column]: event.target.value })}
            required
          />
        </label>
      ))}
      {hasPartitions && (
        <label>
          of partition{" "}
          <input
            name="partition"
            value={partition}
            placeholder="any"
            onChange={(event) => setPartition(event.target.value)}
          />
        </label>
      )}
      <label>
        as of version{" "}
        <input
          name="at"
          inputMode="numeric"
          pattern="\d*"
          size={6}
          placeholder="now"
          value={at}
          onChange={(event) => setAt(event.target.value)}
        />
      </label>
      <button type="submit">Explain</button>
    </form>
  );
}

function orUndefined(text: string): string | undefined {
  return text.trim() === "" ? undefined : text.trim();
}
