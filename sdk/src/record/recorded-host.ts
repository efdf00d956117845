/** A host whose component is recorded, from its start message to its exit; all of it is handed on unchanged. */

import type { ToComponent } from "@bulkhead/protocol";
import type { Link, LinkOptions } from "../channel/link.ts";
import type { OpenConnection, Transport } from "../channel/transport.ts";
import { encodeFrame, headerBytes } from "../codec.ts";
import type { ControlEnd, ControlHandlers } from "../control-end.ts";
import { formatLine, type Log } from "../log.ts";
import type { Host } from "../process-host.ts";
import { recordFormat } from "./entry.ts";
import { real } from "./realm.ts";
import { failureOf, type Recorder, startRecorder } from "./recorder.ts";

/** Where the root server mounts the place of a record that an operator wants. */
export const recordDirectory = "/run/record";
export const recordFileName = "record";

export type RecordWish = { readonly file: string; readonly maxBytes: number };

/** `host`, recorded where `wish` says so for what the start message says. */
export function recordedHost(host: Host, wish: (start: ToComponent["start"]) => RecordWish | undefined): Host {
  let recorder: Recorder | undefined;

  function begin(start: ToComponent["start"]): void {
    const record = wish(start);
    if (!record) return;
    const shared = [...start.uses, ...start.provides].find(({ leaseBytes }) => leaseBytes > 0);
    if (shared) {
      host.log.warn(`not recorded: channel ${shared.name} has shared memory, which a record does not hold`);
      return;
    }
    try {
      recorder = startRecorder(record.file, record.maxBytes, {
        format: recordFormat,
        component: start.component,
        createdMs: real.Date.now(),
        node: process.version,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      });
    } catch (error) {
      host.log.warn("not recorded: the file cannot be written", { error });
    }
  }

  const settle = <T>(promise: Promise<T>) => (recorder ? recorder.settle(promise) : promise);
  return {
    openControl(handlers, onEnd) {
      const taken = Object.entries(handlers).map(([kind, handle]) => [
        kind,
        (body: unknown) => {
          if (kind === "start") begin(body as ToComponent["start"]);
          recorder?.event(["control", kind, body]);
          (handle as (body: unknown) => void)(body);
        },
      ]);
      const control = host.openControl(Object.fromEntries(taken) as ControlHandlers, (error) => {
        recorder?.event(["control-lost", error ? failureOf(error) : null]);
        onEnd(error);
      });
      return recordedControl(control, () => recorder, settle);
    },
    transport: recordedTransport(host.transport, () => recorder),
    log: recordedLog(host.log, () => recorder),
    onUncaught: host.onUncaught,
    flush: () => settle(host.flush()),
    beat: () => host.beat?.(),
    exit(code) {
      recorder?.output(["exit", code]);
      recorder?.close();
      recorder = undefined;
      host.exit(code);
    },
  };
}

type Current = () => Recorder | undefined;

function recordedControl(
  control: ControlEnd,
  current: Current,
  settle: <T>(promise: Promise<T>) => Promise<T>,
): ControlEnd {
  return {
    tell(kind, body) {
      current()?.output(["tell", kind, body]);
      control.tell(kind, body);
    },
    queuedBytes: () => current()?.queued(control.queuedBytes()) ?? control.queuedBytes(),
    flush: () => settle(control.flush()),
  };
}

function recordedLog(log: Log, current: Current): Log {
  const write = (level: keyof Log): Log["info"] => {
    return (text, fields) => {
      current()?.output(["log", formatLine(level, text, fields)]);
      log[level](text, fields);
    };
  };
  return { debug: write("debug"), info: write("info"), warn: write("warn"), error: write("error") };
}

function recordedTransport(transport: Transport, current: Current): Transport {
  return {
    connect(path, options) {
      const recorder = current();
      const connect = (taken: LinkOptions) => transport.connect(path, taken);
      return recorder ? recordedLink(recorder, options, connect) : connect(options);
    },
    async listen(path, onConnection) {
      const recorder = current();
      if (!recorder) return transport.listen(path, onConnection);
      const id = recorder.number("listener");
      const listening = transport.listen(path, (open) => {
        recorder.event(["connection", id]);
        onConnection((options) => recordedLink(recorder, options, open));
      });
      const listener = await recorder.settle(listening);
      return { close: () => recorder.settle(listener.close()) };
    },
  };
}

function recordedLink(recorder: Recorder, options: LinkOptions, open: OpenConnection): Link {
  const id = recorder.number("link");
  let isClosed = false;
  const link = open({
    ...options,
    onFrame(frame, sizeBytes) {
      recorder.event(["frame", id, frame, sizeBytes]);
      options.onFrame(frame, sizeBytes);
    },
    onDrain() {
      recorder.event(["drain", id]);
      options.onDrain?.();
    },
    onClose(error) {
      isClosed = true;
      recorder.event(["closed", id, error ? failureOf(error) : null]);
      options.onClose(error);
    },
  });
  return {
    ...link,
    send(message) {
      if (isClosed) return 0;
      // A socket that has failed takes nothing before it says so. The component cannot know that, nor can a replay.
      const sizeBytes = link.send(message) || encodeFrame(message).length - headerBytes;
      recorder.output(["send", id, message]);
      return sizeBytes;
    },
    queuedBytes: () => recorder.queued(link.queuedBytes()),
    unsentBytes: () => recorder.queued(link.unsentBytes()),
    destroy(error) {
      isClosed = true;
      link.destroy(error);
    },
  };
}
