import { useQuery } from "@tanstack/react-query";
import { automationQuestions } from "../../api/automation-queries.ts";
import { ErrorNotice } from "../notice.tsx";
import { StatusBadge } from "../status.tsx";
import { EvaluationSteps } from "./evaluation-steps.tsx";

/** Why the condition of an asset requests it or does not, as things are now. Nothing for an asset without a condition. */
export function AssetAutomation({
  assetKey,
  partition,
}: {
  readonly assetKey: string;
  readonly partition: string | undefined;
}) {
  const why = useQuery(automationQuestions.why(assetKey, partition));
  if (why.isError) return <ErrorNotice error={why.error} />;
  const automation = why.data?.automation ?? null;
  if (automation === null) return null;
  const { says, pause, requestedCount, step } = automation;
  return (
    <section aria-labelledby="automation">
      <h2 id="automation">Automation{partition === undefined ? "" : ` of ${partition}`}</h2>
      <p>
        <code>{says}</code>{" "}
        {requestedCount === 0
          ? "requests nothing now."
          : `requests ${requestedCount} of its partitions at the next look.`}
      </p>
      {pause !== null && (
        <p>
          <StatusBadge status="paused" /> by {pause.by}: {pause.reason}
        </p>
      )}
      <details>
        <summary>Why, step by step</summary>
        <EvaluationSteps step={step} />
      </details>
    </section>
  );
}
