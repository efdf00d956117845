/** One end of a peer in a process of its own: `serve <peer> <address>` says ready, `measure <peer> <address>` writes figures. */
import * as dbus from "./dbus.ts";
import * as grpc from "./grpc.ts";
import * as mqtt from "./mqtt.ts";
import * as raw from "./raw.ts";

const peers = { raw, grpc, mqtt, dbus };

const [end, name, address = ""] = process.argv.slice(2);
const peer = peers[name as keyof typeof peers];
if (end === "serve") {
  await peer.serve(address);
  console.log("ready");
} else {
  console.log(JSON.stringify(await peer.measure(address)));
  process.exit();
}
