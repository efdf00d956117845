//! The provider's end of a channel: hello, the operations that the manifest allows, and bounds that keep a bad client to itself.

use crate::lease::Lease;
use crate::link::Link;
use crate::message::{end_frame, hello, notification, read_hello, response, Hello, Interface, Message, SelfName};
use crate::stream::{has_room, Flow, Flows, Key, Stream, Told, Written};
use crate::sys;
use crate::value::Value;
use std::fs;
use std::io;
use std::os::unix::io::AsRawFd;
use std::os::unix::net::UnixListener;

const MAX_CALLS: usize = 256;
/// Of one channel, calls of connections that have gone included: a client that comes again and again piles up nothing.
const MAX_HANDLERS: usize = 4 * MAX_CALLS;
const MAX_CONNECTIONS: usize = 4;
const HELLO_MS: u64 = 5000;
const MISMATCH: &str = "the client was built from another interface";
/// A provider drops notifications, reads no more calls, or gives the client up, while this much waits for it.
const NOTIFY_BYTES: usize = 128 * 1024;
const PAUSE_BYTES: usize = 256 * 1024;
const MAX_QUEUE: usize = 8 * 1024 * 1024;

/// A service of `provides:` in the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Service(pub(crate) usize);

/// A client as its provider sees it. The channel is its identity. `grant` has the limits that the manifest sets.
#[derive(Clone, Debug)]
pub struct Client {
    pub component: String,
    pub name: String,
    pub grant: Value,
}

/// A call that waits for its answer; may be kept and answered later.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Request {
    channel: usize,
    connection: u64,
    call: u32,
}

/// One call of an operation that the interface has and the manifest allows.
#[derive(Debug)]
pub struct Call {
    pub request: Request,
    pub client: Client,
    pub operation: String,
    pub arguments: Value,
}

/// A stream that a client has opened: `Component::accept` or `Component::fail` it, now or later.
#[derive(Debug)]
pub struct Opened {
    pub stream: Stream,
    pub client: Client,
    pub name: String,
    pub arguments: Value,
}

pub(crate) struct ProviderEnd {
    pub service: usize,
    pub interface: &'static Interface,
    pub client: Client,
    operations: Option<Vec<String>>,
    listener: Option<UnixListener>,
    connections: Vec<Connection>,
    flows: Flows,
    pub lease: Option<Lease>,
    /// Calls that are not answered, of all connections there ever were.
    handlers: usize,
    refused: u32,
}

struct Connection {
    link: Link,
    serial: u64,
    open: bool,
    hello_by_ms: u64,
    running: usize,
    /// Why it is to be dropped.
    fault: Option<&'static str>,
}

pub(crate) enum Event {
    Call(Call),
    Opened(Opened),
    Log(String),
}

impl ProviderEnd {
    pub fn new(
        service: usize,
        interface: &'static Interface,
        client: Client,
        operations: Option<Vec<String>>,
        lease: Option<Lease>,
    ) -> ProviderEnd {
        let (connections, flows) = (Vec::new(), Flows::new(true));
        ProviderEnd { service, interface, client, operations, listener: None, connections, flows, lease, handlers: 0, refused: 0 }
    }

    /// The streams, with the link that those of `connection` are on.
    pub fn flows(&mut self, connection: u64) -> (&mut Flows, Option<&mut Link>) {
        let found = self.connections.iter_mut().find(|one| one.open && one.serial == connection);
        (&mut self.flows, found.map(|one| &mut one.link))
    }

    pub fn write(&mut self, connection: u64, serial: u64, item: &Value) -> Written {
        let (flows, link) = self.flows(connection);
        flows.write(serial, item, link)
    }

    pub fn all_streams(&self) -> Vec<(u64, u64)> {
        self.flows.all()
    }

    pub fn due(&mut self, connection: u64, serial: u64) -> Option<(Box<dyn Flow>, Told)> {
        let room = room_of(&self.connections, connection);
        let (flows, link) = self.flows(connection);
        flows.due(serial, room, link)
    }

    pub fn listen(&mut self) -> io::Result<()> {
        let path = format!("/run/ipc/provides/{}.{}/socket", self.client.component, self.client.name);
        // One that an earlier incarnation left.
        let _ = fs::remove_file(&path);
        // The mount is the permission, so the socket itself is open to all who see it: mode 0666.
        self.listener = Some(sys::with_umask(0o111, || UnixListener::bind(&path))?);
        Ok(())
    }

    /// Of the listener first, then of each connection.
    pub fn watch(&mut self, fds: &mut Vec<sys::PollFd>, wake_ms: &mut u64) {
        let now_ms = sys::now_ms();
        let connections = &self.connections;
        if self.flows.is_pending(&|connection| room_of(connections, connection)) {
            *wake_ms = now_ms;
        }
        if let Some(listener) = &self.listener {
            fds.push(sys::PollFd { fd: listener.as_raw_fd(), events: sys::POLLIN, revents: 0 });
        }
        for connection in &mut self.connections {
            if !connection.open {
                *wake_ms = (*wake_ms).min(connection.hello_by_ms);
            }
            let paused = connection.link.queued() > PAUSE_BYTES;
            fds.push(connection.link.watch(paused, now_ms, wake_ms));
        }
    }

    pub fn serve(&mut self, index: usize, fds: &[sys::PollFd], own: &SelfName, serial: &mut u64) -> Vec<Event> {
        let mut events = Vec::new();
        let (listening, ready) = match fds.split_first() {
            Some((first, rest)) => (first.revents != 0, rest),
            None => (false, fds),
        };
        let now_ms = sys::now_ms();
        for (at, fd) in ready.iter().enumerate().take(self.connections.len()) {
            if fd.revents != 0 {
                self.receive(index, at, fd.revents, &mut events);
            }
            let connection = &mut self.connections[at];
            if !connection.open && now_ms >= connection.hello_by_ms {
                connection.fault = Some("no hello in time");
            }
        }
        self.drop_broken(&mut events);
        if listening {
            self.accept(own, serial);
        }
        events
    }

    fn receive(&mut self, index: usize, at: usize, revents: i16, events: &mut Vec<Event>) {
        let connection = &mut self.connections[at];
        connection.link.flush();
        let paused = connection.link.queued() > PAUSE_BYTES;
        if paused && revents & (sys::POLLHUP | sys::POLLERR) == 0 {
            return;
        }
        for (frame, size) in connection.link.receive() {
            let serial = self.connections[at].serial;
            let key = |id| Key { connection: serial, id };
            let fault = match Message::parse(frame) {
                Some(message) if !self.connections[at].open => self.greet(at, &message),
                Some(Message::Request { call, operation, arguments }) => {
                    let request = Request { channel: index, connection: self.connections[at].serial, call };
                    if let Some((code, why)) = self.refusal(at, &operation) {
                        self.send(at, call, Err((code, why)));
                    } else {
                        self.connections[at].running += 1;
                        self.handlers += 1;
                        let client = self.client.clone();
                        events.push(Event::Call(Call { request, client, operation, arguments }));
                    }
                    None
                }
                Some(Message::Open { stream, name, arguments, credit }) => {
                    self.serve_stream(index, at, key(stream), name, arguments, credit, events).err()
                }
                Some(Message::Item { stream, item }) => self.flows.take_item(key(stream), &item, size).err(),
                Some(Message::Credit { stream, bytes }) => self.flows.take_credit(key(stream), bytes).err(),
                Some(Message::End { stream, error }) => self.flows.take_end(key(stream), error).err(),
                Some(_) => Some("a client may not send answers and notifications"),
                None => Some("a frame is no message"),
            };
            if fault.is_some() {
                self.connections[at].fault = fault;
                return;
            }
        }
    }

    #[allow(clippy::too_many_arguments)]
    fn serve_stream(
        &mut self,
        index: usize,
        at: usize,
        key: Key,
        name: String,
        arguments: Value,
        credit: u32,
        events: &mut Vec<Event>,
    ) -> Result<(), &'static str> {
        let link = &mut self.connections[at].link;
        let kind = match self.interface.stream(&name) {
            Some(kind) if allows(&self.operations, &name) => kind,
            found => {
                let code = if found.is_some() { "IPC_NOT_GRANTED" } else { "IPC_UNKNOWN_OPERATION" };
                link.send(&end_frame(key.id, Some((code, "the interface or the manifest has no such stream"))));
                self.check_queue(at);
                return Ok(());
            }
        };
        if let Some(serial) = self.flows.serve(key, kind, credit, link)? {
            let stream = Stream { served: true, channel: index, connection: key.connection, serial };
            events.push(Event::Opened(Opened { stream, client: self.client.clone(), name, arguments }));
        }
        self.check_queue(at);
        Ok(())
    }

    fn greet(&mut self, at: usize, message: &Message) -> Option<&'static str> {
        match read_hello(message, self.interface) {
            Hello::Ok { .. } => {
                // One connection per channel: this one takes the place of those before it.
                for other in &mut self.connections {
                    if other.open {
                        other.fault = Some("");
                    }
                }
                self.connections[at].open = true;
                None
            }
            Hello::Mismatch => Some(MISMATCH),
            Hello::Invalid => Some("its first frame is no hello"),
        }
    }

    fn refusal(&self, at: usize, operation: &str) -> Option<(&'static str, &'static str)> {
        if self.connections[at].running >= MAX_CALLS || self.handlers >= MAX_HANDLERS {
            return Some(("IPC_OVERLOADED", "too many calls are being answered"));
        }
        if self.interface.operation(operation).is_none() {
            return Some(("IPC_UNKNOWN_OPERATION", "the interface has no such operation"));
        }
        if !allows(&self.operations, operation) {
            return Some(("IPC_NOT_GRANTED", "the manifest does not allow this operation"));
        }
        None
    }

    /// A client that is refused a thousand times must not fill the log: 1, 2, 4, 8 … are told.
    fn drop_broken(&mut self, events: &mut Vec<Event>) {
        let client = &self.client;
        let (refused, flows) = (&mut self.refused, &mut self.flows);
        self.connections.retain(|connection| {
            let why = match connection.fault {
                Some(why) => why,
                None if connection.link.broken => "",
                None => return true,
            };
            flows.lost(connection.serial, true, None);
            if !why.is_empty() {
                *refused += 1;
                if refused.is_power_of_two() {
                    let (component, name) = (&client.component, &client.name);
                    let code = if why == MISMATCH { "IPC_INTERFACE_MISMATCH" } else { "IPC_FRAME_INVALID" };
                    events.push(Event::Log(format!("channel {component}.{name} closed: {why} {{\"code\":\"{code}\",\"refused\":{refused}}}")));
                }
            }
            false
        });
    }

    fn accept(&mut self, own: &SelfName, serial: &mut u64) {
        let accepted = self.listener.as_ref().and_then(|listener| listener.accept().ok());
        if let Some((stream, _)) = accepted {
            if self.connections.len() >= MAX_CONNECTIONS {
                return;
            }
            *serial += 1;
            let mut link = Link::new(stream);
            link.send(&hello(self.interface, own));
            let hello_by_ms = sys::now_ms() + HELLO_MS;
            self.connections.push(Connection { link, serial: *serial, open: false, hello_by_ms, running: 0, fault: None });
        }
    }

    fn send(&mut self, at: usize, call: u32, answer: Result<Value, (&str, &str)>) {
        let link = &mut self.connections[at].link;
        if !link.send(&response(call, answer)) {
            link.send(&response(call, Err(("IPC_FRAME_TOO_LARGE", "the result does not fit a frame"))));
        }
        self.check_queue(at);
    }

    fn check_queue(&mut self, at: usize) {
        if self.connections[at].link.queued() > MAX_QUEUE {
            self.connections[at].fault = Some("answers are not read");
        }
    }

    /// False where the client has gone meanwhile.
    pub fn answer(&mut self, request: Request, answer: Result<Value, (&str, &str)>) -> bool {
        self.handlers = self.handlers.saturating_sub(1);
        let found = self.connections.iter().position(|one| one.open && one.serial == request.connection);
        if let Some(at) = found {
            self.connections[at].running = self.connections[at].running.saturating_sub(1);
            self.send(at, request.call, answer);
        }
        found.is_some()
    }

    pub fn notify(&mut self, name: &str, body: &Value) -> bool {
        let mut reached = true;
        for connection in self.connections.iter_mut().filter(|connection| connection.open) {
            let slow = connection.link.queued() > NOTIFY_BYTES;
            reached &= !slow && connection.link.send(&notification(name, body.clone()));
        }
        reached
    }

    pub fn flush(&mut self) {
        for connection in &mut self.connections {
            connection.link.flush();
        }
    }
}

fn allows(operations: &Option<Vec<String>>, name: &str) -> bool {
    operations.as_ref().map_or(true, |names| names.iter().any(|one| one == name))
}

fn room_of(connections: &[Connection], serial: u64) -> bool {
    connections.iter().any(|one| one.open && one.serial == serial && has_room(&one.link))
}

impl Request {
    pub(crate) fn channel(&self) -> usize {
        self.channel
    }
}
