import type { ExplainedStepDto } from "../../../../src/read/automation-dto.ts";

/** An evaluation as a tree: each step with yes or no, or for how many partitions it holds. */
export function EvaluationSteps({ step }: { readonly step: ExplainedStepDto }) {
  return (
    <ul className="evaluation">
      <Step step={step} />
    </ul>
  );
}

function Step({ step }: { readonly step: ExplainedStepDto }) {
  return (
    <li>
      <strong>{markOf(step)}</strong> {step.says}
      {step.detail !== null && `: ${step.detail}`}
      {step.parts.length > 0 && (
        <ul>
          {step.parts.map((part, index) => (
            // The steps of an evaluation have no names of their own, and never change places.
            <Step key={index} step={part} />
          ))}
        </ul>
      )}
    </li>
  );
}

function markOf({ count, of }: ExplainedStepDto): string {
  if (of <= 1) return count === 1 ? "yes" : "no";
  return count === of ? "all" : count === 0 ? "none" : `${count} of ${of}`;
}
