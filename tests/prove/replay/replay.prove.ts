import { test } from "vitest";
import { replaysIdentically } from "../../replay/random-lives.ts";

test("[S12] a hundred random lives of a component are replayed identically", () => replaysIdentically(100));
