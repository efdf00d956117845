/** The rules of the architecture as functions from one source to its faults, each a sentence with its reason. */
import { builtinModules } from "node:module";
import { posix } from "node:path";
import { longTables, missingInNode20, packages } from "./packages.ts";
import { type Source, testCode } from "./sources.ts";

type Rule = (source: Source) => string[];

/** `@bulkhead/...` only as the table of packages says. */
export const importsOfOurs: Rule = (source) => {
  const rule = packages[source.package];
  if (!rule) return [];
  return (
    source.imports
      .filter(({ specifier }) => specifier.startsWith("@bulkhead/"))
      // A test may also use what the packages that it may import share for tests.
      .filter(({ specifier }) => !(source.isTest && rule.mayImport.includes(specifier.replace(/\/testing$/, ""))))
      .filter(({ specifier }) => !rule.mayImport.some((pattern) => matches(pattern, specifier)))
      .map(
        ({ specifier, line }) =>
          `${source.path}:${line} imports ${specifier}, but ${source.package} may import of ours only ` +
          `${rule.mayImport.join(", ") || "nothing"}: ${rule.because}`,
      )
  );
};

/** A relative import stays in its package: what others may use is what a package exports. */
export const relativeImports: Rule = (source) => {
  if (source.package === "tests") return [];
  return (
    source.imports
      .filter(({ specifier }) => specifier.startsWith("."))
      .map(({ specifier, line }) => ({ target: posix.join(posix.dirname(source.path), specifier), line }))
      .filter(({ target }) => !target.startsWith(`${source.package}/`))
      // What runs on a board asks the bench for the world's part.
      .filter(({ target }) => !(source.path.endsWith(".board.ts") && target.startsWith("hardware-in-loop/")))
      .map(
        ({ target, line }) =>
          `${source.path}:${line} reaches into ${target}: another package is used by its name and its public entry, ` +
          "and nothing but tests uses tests and scripts",
      )
  );
};

/** What tests share does not ship: nothing but tests imports it. */
export const testImports: Rule = (source) => {
  if (source.isTest) return [];
  return source.imports
    .filter(({ specifier }) => testCode.test(specifier) || /\.(?:test|spec)\.ts$/.test(specifier))
    .map(({ specifier, line }) => `${source.path}:${line} imports ${specifier}, which is for tests and does not ship`);
};

/** Other packages only where package.json names them: it is the list of what ships. */
export function importsOfOthers(
  dependencies: (packageName: string) => { runtime: string[]; development: string[] },
): Rule {
  return (source) => {
    if (!packages[source.package]) return [];
    const { runtime, development } = dependencies(source.package);
    return source.imports
      .filter(({ specifier }) => !/^(?:\.|node:|#|virtual:)/.test(specifier))
      .filter(({ specifier, isType }) => {
        const name = packageOf(specifier);
        return !runtime.includes(name) && !((source.isTest || isType) && development.includes(name));
      })
      .map(
        ({ specifier, line }) =>
          `${source.path}:${line} imports ${specifier}, which ${source.package}/package.json does not list: ` +
          (builtinModules.includes(specifier) ? "write node: in front" : "its dependencies are the list of what ships"),
      );
  };
}

/** The device part runs on Node 20.19, where newer things fail only when they are reached. */
export const node20: Rule = (source) => {
  if (!packages[source.package]?.onDevice || source.isTest) return [];
  return missingInNode20.flatMap(({ pattern, what, instead }) => {
    const match = pattern.exec(source.text);
    if (!match) return [];
    const line = source.text.slice(0, match.index).split("\n").length;
    return [`${source.path}:${line} uses ${what}, which Node 20.19 on a device does not have: use ${instead}`];
  });
};

/** One idea per file does not take more than 400 lines. */
export const fileLength: Rule = (source) => {
  const lines = source.text.split("\n").length - 1;
  if (lines <= 400 || longTables.includes(source.path)) return [];
  return [
    `${source.path} has ${lines} lines; a file holds one idea and at most 400 lines (tables are listed in tests/architecture/packages.ts)`,
  ];
};

/** A reader learns from the first lines what the file is for; a test beside its source is for that, and what stands in for
 * a built page has nothing to say. */
export const headerComment: Rule = (source) =>
  /\.(?:test|spec)\.tsx?$|\/fixtures\/.*\.js$/.test(source.path) || /^(?:#!.*\n)?\/[/*]/.test(source.text)
    ? []
    : [`${source.path} does not start with a comment that says its one job`];

/** `any` switches the compiler off where it is needed most. */
export const noAny: Rule = (source) =>
  source.anyLines.map((line) => `${source.path}:${line} uses the type any: unknown, parsed by a schema, is the way in`);

/** A program gets its arguments as an array; a shell would read them as code. */
export const noShell: Rule = (source) => {
  const shell =
    /\bshell:\s*(?:true|["'])|\bexecSync\(|\bexecaCommand\b|import \{[^}]*\bexec\b[^}]*\} from "node:child_process"/;
  const match = shell.exec(source.text);
  if (!match || source.package === "tests") return [];
  return [
    `${source.path}:${source.text.slice(0, match.index).split("\n").length} runs a program through a shell: use execa with an array of arguments`,
  ];
};

function matches(pattern: string, specifier: string): boolean {
  const segments = pattern.split("/");
  const parts = specifier.split("/");
  return segments.length === parts.length && segments.every((segment, i) => segment === "*" || segment === parts[i]);
}

function packageOf(specifier: string): string {
  return specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/");
}
