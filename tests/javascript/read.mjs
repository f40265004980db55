// Opens an exported ledger with the JavaScript Automerge and prints what it sees, as JSON:
// the heads, and for each actor (by its hex name) the values of its list, in hex.

import { readFileSync } from "node:fs";
import * as Automerge from "@automerge/automerge";

const ledger = Automerge.load(readFileSync(process.argv[2]));
const values = {};
for (const [actor, list] of Object.entries(ledger)) {
  values[actor] = Array.from(list, (value) => Buffer.from(value).toString("hex"));
}
const heads = Automerge.getHeads(ledger).sort();
const changes = Automerge.getAllChanges(ledger).length;
process.stdout.write(JSON.stringify({ heads, changes, values }));
