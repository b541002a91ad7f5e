/** Parses JSON that may hold comments and trailing commas, as tsconfig files do. @throws {SyntaxError} */
export function parseJsonc(text: string): unknown {
  const withoutComments = text.replace(tokens, (token) => (token.startsWith('"') ? token : " "));
  return JSON.parse(
    withoutComments.replace(trailingCommas, (token) => (token.startsWith('"') ? token : token.slice(1))),
  );
}

const tokens = /"(?:[^"\\]|\\.)*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const trailingCommas = /"(?:[^"\\]|\\.)*"|,\s*[}\]]/g;
