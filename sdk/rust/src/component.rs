//! A running component: what it can do from within its closures. `run` is its life.

mod run;

pub use run::run;

use crate::client::{Answered, ClientEnd, Use};
use crate::error::Error;
use crate::lease::Lease;
use crate::link::Link;
use crate::message::{notification, SelfName};
use crate::provider::{ProviderEnd, Request, Service};
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

pub(crate) type Action = Box<dyn FnOnce(&mut Component)>;

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
