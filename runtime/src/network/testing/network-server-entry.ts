/** What `bulkhead build` would make of the network server: its entry. */
import { runComponent } from "@bulkhead/sdk";
import { component } from "../main.ts";

await runComponent(component);
