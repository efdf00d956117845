/** dbus-daemon with dbus-next: method calls with an array of bytes, through a bus of its own. */
import { type CallFigures, measureCalls, measureTransfers, slowPlan } from "../measure.ts";
import { loadPeer } from "./load.ts";

type Message = { body: unknown[] };
type Bus = {
  requestName(name: string, flags: number): Promise<unknown>;
  call(message: unknown): Promise<Message>;
  send(message: unknown): void;
  addMethodHandler(handler: (message: Message & { member: string }) => boolean): void;
};
type Dbus = {
  sessionBus(options: object): Bus;
  Message: {
    new (fields: object): unknown;
    newMethodReturn(call: unknown, signature: string, body: unknown[]): unknown;
  };
};

const name = "bulkhead.Bench";

async function open(address: string): Promise<{ dbus: Dbus; bus: Bus }> {
  const loaded = await loadPeer<Dbus & { default: Dbus }>("dbus-next");
  const dbus = loaded.default ?? loaded;
  return { dbus, bus: dbus.sessionBus({ busAddress: `unix:path=${address}` }) };
}

export async function serve(address: string): Promise<void> {
  const { dbus, bus } = await open(address);
  bus.addMethodHandler((message) => {
    if (message.member !== "small" && message.member !== "large") return false;
    bus.send(
      dbus.Message.newMethodReturn(message, "ay", [message.member === "small" ? message.body[0] : Buffer.alloc(1)]),
    );
    return true;
  });
  await bus.requestName(name, 0);
}

export async function measure(address: string): Promise<CallFigures & { transfers: number }> {
  const { dbus, bus } = await open(address);
  const call = (member: string, bytes: Buffer) =>
    bus.call(
      new dbus.Message({ destination: name, path: "/", interface: name, member, signature: "ay", body: [bytes] }),
    );
  const [small, large] = [Buffer.alloc(64, 1), Buffer.alloc(65_536, 1)];
  return {
    ...(await measureCalls(() => call("small", small), slowPlan)),
    transfers: await measureTransfers(() => call("large", large), { ...slowPlan, transfers: 60 }),
  };
}
