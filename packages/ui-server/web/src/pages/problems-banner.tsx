import { useQuery } from "@tanstack/react-query";
import { questions } from "../api/queries.ts";

/** What is wrong in the sources; shown on every page, since nothing new can run until it is mended. */
export function ProblemsBanner() {
  const { data } = useQuery(questions.problems());
  if (data === undefined || data.items.length === 0) return null;
  return (
    <div className="notice notice-error" role="alert">
      <strong>{data.items.length === 1 ? "1 problem" : `${data.items.length} problems`} in the sources</strong>
      <ul>
        {data.items.map((problem) => (
          <li key={`${problem.code} ${problem.at?.file} ${problem.at?.line} ${problem.message}`}>
            <code>{problem.code}</code> {problem.message}
            {problem.at !== null && (
              <span className="quiet">
                {" "}
                {problem.at.file}:{problem.at.line}:{problem.at.column}
              </span>
            )}
            {problem.hint !== null && <div className="hint">{problem.hint}</div>}
          </li>
        ))}
      </ul>
    </div>
  );
}
