/**
 * What onoff takes for the package `epoll` (`overrides` in the checkout's package.json): that one is machine code that somebody
 * has to compile for each board and version of Node, while the poller of the serial driver is there for all of them.
 */
/** Of libuv: what attributes of sysfs tell when they change. */
const prioritized = 8;

/**
 * One for the process, however often a bundler or a test runner loads this file.
 *
 * @type {{ create?: import("./index.d.cts").CreatePoller, onFault(): void }}
 */
const given = globalThis[Symbol.for("bulkhead.epoll")] ?? { onFault() {} };
globalThis[Symbol.for("bulkhead.epoll")] = given;

class Epoll {
  static EPOLLPRI = 2;

  /** @param {(error: Error | null, fd: number, events: number) => void} callback */
  constructor(callback) {
    this.callback = callback;
    /** @type {import("./index.d.cts").Poller | undefined} */
    this.poller = undefined;
  }

  /** @param {number} fd */
  add(fd) {
    if (given.create === undefined) throw new Error("usePoller was not called");
    const poller = given.create(fd, (error) => {
      // onoff reads the line in its callback and lets throw what the kernel says of one that has gone.
      try {
        if (error) throw error;
        this.callback(null, fd, Epoll.EPOLLPRI);
        if (this.poller === poller) poller.poll(prioritized);
      } catch {
        given.onFault();
      }
    });
    this.poller = poller;
    poller.poll(prioritized);
    return this;
  }

  remove() {
    this.poller?.close();
    this.poller = undefined;
    return this;
  }
}

/**
 * @param {import("./index.d.cts").CreatePoller} poller
 * @param {() => void} fault
 */
function usePoller(poller, fault) {
  given.create = poller;
  given.onFault = fault;
}

module.exports = { Epoll, usePoller };
