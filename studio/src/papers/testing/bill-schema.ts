/** CycloneDX's own schema of a bill of materials, as its library carries it. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { Ajv } from "ajv";

/** Returns what asks it: the problems of a document, none where it is valid. */
export function compileBillSchema(): (document: unknown) => unknown {
  const library = dirname(createRequire(import.meta.url).resolve("@cyclonedx/cyclonedx-library/package.json"));
  const read = (name: string) => JSON.parse(readFileSync(join(library, `res/schema/${name}.schema.json`), "utf8"));
  // Formats are words about texts (iri-reference, idn-email); those that the papers have are looked at by the tests.
  const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
  for (const name of ["spdx.SNAPSHOT", "jsf-0.82.SNAPSHOT"])
    ajv.addSchema(read(name), `http://cyclonedx.org/schema/${name}.schema.json`);
  const validate = ajv.compile(read("bom-1.6.SNAPSHOT"));
  return (document) => (validate(document) ? [] : validate.errors);
}
