//! The life of a component: one loop over its channels, the control channel and its timers, from start to stop.

use crate::client::{Answered, ClientEnd, Error, News, Use};
use crate::lease::Lease;
use crate::link::Link;
use crate::message::{notification, Interface, Message, SelfName};
use crate::provider::{Call, Event, Opened, ProviderEnd, Request, Service};
use crate::start::Start;
use crate::stream::{Flow, Flows, Stream, Told, Written};
use crate::sys;
use crate::value::Value;
use std::io::Write;
use std::time::Duration;

const CONTROL_FD: i32 = 3;
const STDOUT: i32 = 1;
/// The console keeps lines of at most this length, and a pipe that is ready takes that much (PIPE_BUF).
const MAX_LINE: usize = 4096;
/// A last word may take this long; then the process ends without it.
const LAST_WORD_MS: u64 = 500;
const MAX_REASON: usize = 500;

type OnCall = Box<dyn FnMut(&mut Component, Call)>;
type OnStream = Box<dyn FnMut(&mut Component, Opened)>;
type OnPeer = Box<dyn FnMut(&mut Component, bool, u32)>;
type OnNotification = Box<dyn FnMut(&mut Component, &str, Value)>;
type OnStart = Box<dyn FnOnce(&mut Component, Value)>;
type Action = Box<dyn FnOnce(&mut Component)>;

/// What the component is told, kept apart from what it works with: a closure gets the whole component, but for itself.
#[derive(Default)]
struct Handlers {
    calls: Vec<OnCall>,
    streams: Vec<Option<OnStream>>,
    peers: Vec<Option<OnPeer>>,
    notifications: Vec<Option<OnNotification>>,
    start: Option<OnStart>,
    stop: Option<Action>,
}

/// What a component says about itself before it runs.
#[derive(Default)]
pub struct Setup {
    handlers: Handlers,
    uses: Vec<(&'static str, &'static Interface)>,
    services: Vec<(&'static str, &'static Interface)>,
}

impl Setup {
    /// A channel of `uses:` in the manifest.
    pub fn uses(&mut self, name: &'static str, interface: &'static Interface) -> Use {
        self.uses.push((name, interface));
        self.handlers.peers.push(None);
        self.handlers.notifications.push(None);
        Use(self.uses.len() - 1)
    }

    /// Tells each change of the provider: whether it is connected, and its incarnation.
    pub fn on_peer(&mut self, channel: Use, callback: impl FnMut(&mut Component, bool, u32) + 'static) {
        self.handlers.peers[channel.0] = Some(Box::new(callback));
    }

    pub fn on_notification(&mut self, channel: Use, callback: impl FnMut(&mut Component, &str, Value) + 'static) {
        self.handlers.notifications[channel.0] = Some(Box::new(callback));
    }

    /// A service of `provides:`; `on_call` answers each call, at once or later.
    pub fn provides(
        &mut self,
        name: &'static str,
        interface: &'static Interface,
        on_call: impl FnMut(&mut Component, Call) + 'static,
    ) -> Service {
        self.services.push((name, interface));
        self.handlers.calls.push(Box::new(on_call));
        self.handlers.streams.push(None);
        Service(self.services.len() - 1)
    }

    /// Tells of each stream that a client opens. Needed where the interface of the service has any.
    pub fn on_stream(&mut self, service: Service, callback: impl FnMut(&mut Component, Opened) + 'static) {
        self.handlers.streams[service.0] = Some(Box::new(callback));
    }

    /// Called once, with the configuration of the manifest; the component is ready when it returns.
    pub fn on_start(&mut self, callback: impl FnOnce(&mut Component, Value) + 'static) {
        self.handlers.start = Some(Box::new(callback));
    }

    pub fn on_stop(&mut self, callback: impl FnOnce(&mut Component) + 'static) {
        self.handlers.stop = Some(Box::new(callback));
    }
}

/// A running component.
pub struct Component {
    own: SelfName,
    control: Link,
    clients: Vec<ClientEnd>,
    providers: Vec<ProviderEnd>,
    timers: Vec<(u64, Action)>,
    serial: u64,
    heartbeat_ms: u64,
    /// `None` until the component is ready.
    heartbeat_at_ms: Option<u64>,
    stopping: bool,
    dropped_lines: u32,
}

impl Component {
    pub fn name(&self) -> &str {
        &self.own.component
    }

    pub fn incarnation(&self) -> u32 {
        self.own.incarnation
    }

    /// Calls `operation`; `answered` is called once, always from the loop.
    pub fn call(
        &mut self,
        channel: Use,
        operation: &str,
        arguments: Value,
        deadline: Duration,
        answered: impl FnOnce(&mut Component, Result<Value, Error>) + 'static,
    ) {
        let answered: Answered = Box::new(answered);
        self.clients[channel.0].call(operation, arguments, deadline.as_millis() as u64, answered);
    }

    /// False where the client has gone meanwhile.
    pub fn answer(&mut self, request: Request, result: Value) -> bool {
        self.providers[request.channel()].answer(request, Ok(result))
    }

    /// False where the client has gone meanwhile.
    pub fn refuse(&mut self, request: Request, code: &str, message: &str) -> bool {
        self.providers[request.channel()].answer(request, Err((code, message)))
    }

    /// Tells all connected clients of a service; false where one reads too slowly and did not get it.
    pub fn notify(&mut self, service: Service, name: &str, body: Value) -> bool {
        let of_service = self.providers.iter_mut().filter(|end| end.service == service.0);
        of_service.fold(true, |reached, end| end.notify(name, &body) && reached)
    }

    /// Opens a stream; what becomes of it `flow` is told, also that it could not be opened. At most 16 of a channel at once.
    pub fn open(&mut self, channel: Use, name: &str, arguments: Value, flow: impl Flow + 'static) -> Stream {
        let serial = self.clients[channel.0].open(name, arguments, Box::new(flow));
        Stream { served: false, channel: channel.0, connection: 0, serial }
    }

    /// Takes a stream that a client has opened; false where it has ended meanwhile: then `flow` is told nothing.
    pub fn accept(&mut self, stream: Stream, flow: impl Flow + 'static) -> bool {
        self.flows_of(stream).0.accept(stream.serial, Box::new(flow))
    }

    /// Writes one item, or says that there is no room for it now.
    pub fn write(&mut self, stream: Stream, item: &Value) -> Written {
        if stream.served {
            self.providers[stream.channel].write(stream.connection, stream.serial, item)
        } else {
            self.clients[stream.channel].write(stream.serial, item)
        }
    }

    /// Of a writing end: there are no more items; at the client `Flow::end` follows when the provider has dealt with all of
    /// them. Of a reading end: it needs no more. False where it is over already.
    pub fn end(&mut self, stream: Stream) -> bool {
        let (flows, link) = self.flows_of(stream);
        flows.end(stream.serial, link)
    }

    /// The same, and the other end is told why. `Flow::end` follows, with this error.
    pub fn fail(&mut self, stream: Stream, code: &str, message: &str) -> bool {
        let (flows, link) = self.flows_of(stream);
        flows.fail(stream.serial, Error::new(code, message), link)
    }

    /// What `Flow::item` did not take is offered again.
    pub fn resume(&mut self, stream: Stream) {
        self.flows_of(stream).0.resume(stream.serial);
    }

    fn flows_of(&mut self, stream: Stream) -> (&mut Flows, Option<&mut Link>) {
        if stream.served {
            self.providers[stream.channel].flows(stream.connection)
        } else {
            self.clients[stream.channel].flows()
        }
    }

    /// The memory that is shared with the provider of a channel; `None` where the manifest gives none.
    pub fn lease(&mut self, channel: Use) -> Option<&mut Lease> {
        self.clients[channel.0].lease.as_mut()
    }

    /// The memory that is shared with the client of a call.
    pub fn lease_of(&mut self, request: Request) -> Option<&mut Lease> {
        self.providers[request.channel()].lease.as_mut()
    }

    /// Tells the flows of one end all that can be told now. What they open meanwhile waits for the next turn.
    fn settle(&mut self, served: bool, channel: usize) {
        let all = if served { self.providers[channel].all_streams() } else { self.clients[channel].all_streams() };
        for (connection, serial) in all {
            let stream = Stream { served, channel, connection, serial };
            while let Some((flow, told)) = self.due(stream) {
                self.tell_flow(stream, flow, told);
            }
        }
    }

    fn due(&mut self, stream: Stream) -> Option<(Box<dyn Flow>, Told)> {
        if stream.served {
            self.providers[stream.channel].due(stream.connection, stream.serial)
        } else {
            self.clients[stream.channel].due(stream.serial)
        }
    }

    fn tell_flow(&mut self, stream: Stream, mut flow: Box<dyn Flow>, told: Told) {
        let mut taken = None;
        match told {
            Told::Item(item) => taken = Some(flow.item(self, stream, &item)),
            Told::Room => flow.room(self, stream),
            Told::Last => flow.last(self, stream),
            Told::End(outcome) => return flow.end(self, stream, outcome),
        }
        let (flows, link) = self.flows_of(stream);
        flows.returned(stream.serial, flow, taken, link);
    }

    /// Calls `action` once, `delay` from now.
    pub fn after(&mut self, delay: Duration, action: impl FnOnce(&mut Component) + 'static) {
        self.timers.push((sys::now_ms() + delay.as_millis() as u64, Box::new(action)));
    }

    /// One line of the log; dropped, and counted, where nobody reads it. `level`: debug, info, warn, error.
    pub fn log(&mut self, level: &str, text: &str) {
        if self.dropped_lines > 0 {
            let dropped = self.dropped_lines;
            if !write_line(&format!("warn {dropped} lines of this log were dropped, nobody read them")) {
                self.dropped_lines += 1;
                return;
            }
            self.dropped_lines = 0;
        }
        if !write_line(&format!("{level} {text}")) {
            self.dropped_lines += 1;
        }
    }

    fn tell(&mut self, kind: &str, body: Value) {
        self.control.send(&notification(kind, body));
    }

    /// Gives the last frames time to leave.
    fn flush(&mut self) {
        let by_ms = sys::now_ms() + LAST_WORD_MS;
        for end in &mut self.providers {
            end.flush();
        }
        while self.control.queued() > 0 && !self.control.broken && sys::now_ms() < by_ms {
            let mut fds = [sys::PollFd { fd: CONTROL_FD, events: sys::POLLOUT, revents: 0 }];
            let _ = sys::wait(&mut fds, 50);
            self.control.flush();
        }
    }

    fn take_due(&mut self) -> Vec<Action> {
        let now_ms = sys::now_ms();
        let (due, later) = std::mem::take(&mut self.timers).into_iter().partition(|(at_ms, _)| *at_ms <= now_ms);
        self.timers = later;
        let mut due: Vec<(u64, Action)> = due;
        due.sort_by_key(|(at_ms, _)| *at_ms);
        due.into_iter().map(|(_, action)| action).collect()
    }

    fn beat(&mut self) {
        let now_ms = sys::now_ms();
        if self.heartbeat_at_ms.map_or(true, |at_ms| now_ms < at_ms) {
            return;
        }
        self.heartbeat_at_ms = Some(now_ms + self.heartbeat_ms);
        // Heartbeats that the root server does not read are not piled up.
        if self.control.queued() < 4096 {
            self.tell("heartbeat", Value::map([]));
        }
    }
}

fn write_line(text: &str) -> bool {
    let mut out = [sys::PollFd { fd: STDOUT, events: sys::POLLOUT, revents: 0 }];
    if sys::wait(&mut out, 0).is_err() || out[0].revents & sys::POLLOUT == 0 {
        return false;
    }
    let mut line: Vec<u8> = text.bytes().map(|byte| if byte == b'\n' { b' ' } else { byte }).take(MAX_LINE - 1).collect();
    line.push(b'\n');
    let mut stdout = std::io::stdout();
    stdout.write_all(&line).and_then(|()| stdout.flush()).is_ok()
}

/// Runs a component until the root server says stop; does not return. `define` says what it uses and provides.
pub fn run(define: impl FnOnce(&mut Setup)) -> ! {
    let mut setup = Setup::default();
    define(&mut setup);
    let clients = setup.uses.iter().map(|(name, interface)| ClientEnd::new(name, interface)).collect();
    let mut component = Component {
        own: SelfName { component: "component".to_string(), incarnation: 0 },
        // SAFETY: descriptor 3 is the control channel that the root server made for us, and nobody else's.
        control: Link::new(unsafe { sys::stream_of(CONTROL_FD) }),
        clients,
        providers: Vec::new(),
        timers: Vec::new(),
        serial: 0,
        heartbeat_ms: 0,
        heartbeat_at_ms: None,
        stopping: false,
        dropped_lines: 0,
    };
    std::panic::set_hook(Box::new(|panic| tell_panic(&panic.to_string())));
    while !component.stopping {
        turn(&mut component, &mut setup);
    }
    component.log("info", "stopping");
    if let Some(stop) = setup.handlers.stop.take() {
        stop(&mut component);
    }
    component.flush();
    std::process::exit(0);
}

/// A panic is a fault: the root server hears the reason, then the process ends.
fn tell_panic(panic: &str) {
    let reason: String = panic.replace('\n', " ").chars().take(MAX_REASON).collect();
    write_line(&format!("error this component gives up: {reason}"));
    // SAFETY: the process ends below, so nobody uses the descriptor any more.
    let mut control = Link::new(unsafe { sys::stream_of(CONTROL_FD) });
    control.send(&notification("fault", Value::map([("reason", Value::Text(reason))])));
    std::process::exit(1);
}

/// One turn: waits for the next thing that happens, and deals with all that has happened.
fn turn(component: &mut Component, setup: &mut Setup) {
    let now_ms = sys::now_ms();
    let mut wake_ms = now_ms + 60_000;
    wake_ms = wake_ms.min(component.heartbeat_at_ms.unwrap_or(wake_ms));
    for (at_ms, _) in &component.timers {
        wake_ms = wake_ms.min(*at_ms);
    }
    let mut fds = vec![component.control.watch(false, now_ms, &mut wake_ms)];
    let mut client_fds = Vec::new();
    for end in &mut component.clients {
        let fd = end.watch(&mut wake_ms);
        client_fds.push(fd.map(|_| fds.len()));
        fds.extend(fd);
    }
    let mut provider_fds = Vec::new();
    for end in &mut component.providers {
        let first = fds.len();
        end.watch(&mut fds, &mut wake_ms);
        provider_fds.push(first..fds.len());
    }
    if let Err(error) = sys::wait(&mut fds, wake_ms.saturating_sub(now_ms) as i32) {
        panic!("poll failed: {error}");
    }
    if fds[0].revents != 0 {
        hear_root(component, setup);
    }
    for (index, at) in client_fds.into_iter().enumerate() {
        let ready = at.map_or(false, |at| fds[at].revents != 0);
        let news = component.clients[index].serve(ready, &component.own);
        tell_news(component, setup, index, news);
        component.settle(false, index);
    }
    for (index, range) in provider_fds.into_iter().enumerate() {
        let events = component.providers[index].serve(index, &fds[range], &component.own, &mut component.serial);
        let service = component.providers[index].service;
        for event in events {
            match event {
                Event::Call(call) => setup.handlers.calls[service](component, call),
                Event::Opened(opened) => match &mut setup.handlers.streams[service] {
                    Some(callback) => callback(component, opened),
                    None => drop(component.fail(opened.stream, "IPC_UNKNOWN_OPERATION", "there is no such stream")),
                },
                Event::Log(text) => component.log("warn", &text),
            }
        }
        component.settle(true, index);
    }
    for action in component.take_due() {
        action(component);
    }
    component.beat();
}

fn tell_news(component: &mut Component, setup: &mut Setup, index: usize, news: Vec<News>) {
    for one in news {
        match one {
            News::Peer { up, incarnation } => {
                if let Some(callback) = &mut setup.handlers.peers[index] {
                    callback(component, up, incarnation);
                }
            }
            News::Notification { name, body } => {
                if let Some(callback) = &mut setup.handlers.notifications[index] {
                    callback(component, &name, body);
                }
            }
            News::Answer { answered, answer } => answered(component, answer),
            News::Log(text) => component.log("warn", &text),
        }
    }
}

fn hear_root(component: &mut Component, setup: &mut Setup) {
    component.control.flush();
    for (frame, _) in component.control.receive() {
        match Message::parse(frame) {
            Some(Message::Notification { name, body }) => match name.as_str() {
                "start" => begin(component, setup, &body),
                "peer" => hear_peer(component, setup, &body),
                "stop" => component.stopping = true,
                // What is for core servers only, or newer than this library, changes nothing here.
                _ => (),
            },
            _ => panic!("the root server sent no notification"),
        }
    }
    if component.control.broken && !component.stopping {
        panic!("the root server has gone");
    }
}

fn begin(component: &mut Component, setup: &mut Setup, body: &Value) {
    if component.heartbeat_at_ms.is_some() {
        panic!("the root server said start twice");
    }
    let start = match Start::parse(body) {
        Some(start) => start,
        None => panic!("the root server's start message is of another protocol"),
    };
    for (index, (name, interface)) in setup.uses.iter().enumerate() {
        match start.use_of(name, interface) {
            Some(lease) => component.clients[index].lease = lease,
            None => panic!("uses {name} as {}, which the manifest does not give", interface.name),
        }
    }
    component.providers = start.provider_ends(&setup.services).unwrap_or_else(|reason| panic!("{reason}"));
    component.heartbeat_ms = start.heartbeat_ms;
    component.own = start.own;
    if let Some(callback) = setup.handlers.start.take() {
        callback(component, start.config);
    }
    for end in &mut component.providers {
        if let Err(error) = end.listen() {
            panic!("a channel cannot be bound: {error}");
        }
    }
    component.tell("ready", Value::map([]));
    component.heartbeat_at_ms = Some(sys::now_ms() + component.heartbeat_ms);
}

fn hear_peer(component: &mut Component, setup: &mut Setup, body: &Value) {
    let members = (body.get("name"), body.get("up"), body.get("incarnation"));
    if let (Some(Value::Text(name)), Some(Value::Bool(up)), Some(Value::Int(incarnation))) = members {
        let found = component.clients.iter().position(|end| end.name == name);
        if let Some(index) = found {
            let news = component.clients[index].set_peer(*up, *incarnation as u32);
            tell_news(component, setup, index, news);
        }
    }
}
