/** Many random lives of one component. */
import { test } from "vitest";
import { replaysIdentically } from "../../replay/random-lives.ts";

test("[K+] a hundred random lives of a component are replayed identically", () => replaysIdentically(100));
