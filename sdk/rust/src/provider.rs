//! The provider's end of a channel: hello, the operations that the manifest allows, and bounds that keep a bad client to itself.

use crate::link::Link;
use crate::message::{hello, notification, read_hello, response, Hello, Interface, Message, SelfName};
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

pub(crate) struct ProviderEnd {
    pub service: usize,
    pub interface: &'static Interface,
    pub client: Client,
    operations: Option<Vec<String>>,
    listener: Option<UnixListener>,
    connections: Vec<Connection>,
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
    Log(String),
}

impl ProviderEnd {
    pub fn new(service: usize, interface: &'static Interface, client: Client, operations: Option<Vec<String>>) -> ProviderEnd {
        ProviderEnd { service, interface, client, operations, listener: None, connections: Vec::new(), handlers: 0, refused: 0 }
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
        for frame in connection.link.receive() {
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
                Some(_) => Some("a client may send requests only"),
                None => Some("a frame is no message"),
            };
            if fault.is_some() {
                self.connections[at].fault = fault;
                return;
            }
        }
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
            Hello::Mismatch => Some("the client was built from another interface"),
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
        match &self.operations {
            Some(names) if !names.iter().any(|name| name == operation) => {
                Some(("IPC_NOT_GRANTED", "the manifest does not allow this operation"))
            }
            _ => None,
        }
    }

    /// A client that is refused a thousand times must not fill the log: 1, 2, 4, 8 … are told.
    fn drop_broken(&mut self, events: &mut Vec<Event>) {
        let client = &self.client;
        let refused = &mut self.refused;
        self.connections.retain(|connection| {
            let why = match connection.fault {
                Some(why) => why,
                None if connection.link.broken => "",
                None => return true,
            };
            if !why.is_empty() {
                *refused += 1;
                if refused.is_power_of_two() {
                    let (component, name) = (&client.component, &client.name);
                    events.push(Event::Log(format!("channel {component}.{name} closed: {why} {{\"refused\":{refused}}}")));
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
        if link.queued() > MAX_QUEUE {
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

impl Request {
    pub(crate) fn channel(&self) -> usize {
        self.channel
    }
}
