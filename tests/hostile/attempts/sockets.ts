/** Sockets of other kinds, and sockets of others. */
import { attempts, connectInet, connectUnix, open } from "./attempt.ts";

const unix = "socket 1 1 0";
const tcp = "socket 2 1 0";

/** `hostName`: an abstract socket of the host. `hostPort`: a port of its loopback. */
export const sockets = (hostName: string, hostPath: string, hostPort: number, callerPid: number) =>
  attempts("sockets", [
    ["see every packet", "succeeds", "socket 17 3 0x300"],
    ["send raw packets", "succeeds", "socket 2 3 1"],
    ["send raw packets by IPv6", "unsure", "socket 10 3 58"],
    ["send pings", "unsure", "socket 2 2 1", connectInet("192.0.2.1", 0)],
    ["configure the network", "succeeds", "socket 16 3 0"],
    ["listen to the kernel's events", "succeeds", "socket 16 3 15"],
    ["reach the hypervisor", "unsure", "socket 40 1 0"],
    ["use Bluetooth", "unsure", "socket 31 3 1"],
    ["use the kernel's ciphers", "unsure", "socket 38 5 0"],
    ["manage IPsec", "unsure", "socket 15 3 2"],
    ["use the CAN bus", "unsure", "socket 29 3 1"],
    ["use XDP", "unsure", "socket 44 3 0"],
    ["use TIPC", "unsure", "socket 30 1 0"],
    ["pair sockets of another kind", "let in", "socketpair 16 3 0 b:8"],
    ["reach an abstract socket of the host", "succeeds", unix, connectUnix(`@${hostName}`)],
    ["reach a socket file of the host", "succeeds", unix, connectUnix(hostPath)],
    ["reach the host's loopback", "succeeds", tcp, connectInet("127.0.0.1", hostPort)],
    ["reach any address", "never", tcp, connectInet("192.0.2.1", 80)],
    ["name a server of the world", "never", "socket 2 2 0", connectInet("192.0.2.1", 53)],
    ["reach the metadata of a cloud", "never", tcp, connectInet("169.254.169.254", 80)],
    [
      "reach a neighbour's channel through /proc",
      "succeeds",
      unix,
      connectUnix(`/proc/${callerPid}/root/run/ipc/uses/echo/socket`),
    ],
    ["reach a channel that it has not", "never", unix, connectUnix("/run/ipc/uses/console/socket")],
    ["reach the channel of its neighbour by name", "never", unix, connectUnix("/run/ipc/provides/caller.echo/socket")],
    ["remove its provider's socket", "never", "unlinkat -100 s:/run/ipc/uses/echo/socket 0"],
    [
      "put a socket in its provider's place",
      "never",
      "renameat2 -100 s:/run/ipc/uses/echo/socket -100 s:/run/ipc/uses/echo/old 0",
    ],
    ["put files into its provider's directory", "never", open("/run/ipc/uses/echo/more", "create")],
    ["make its provider's socket private", "never", "chmod s:/run/ipc/uses/echo/socket 0"],
  ]);
