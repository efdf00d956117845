//! Streams of both ends: an item is sent while its reader has given credit for it, so a reader holds at most the window and one
//! frame (docs/decisions/0015). Frames, and what the component asks for, only note what is to be told; `due` says it.

use crate::client::Error;
use crate::component::Component;
use crate::link::Link;
use crate::message::{credit_frame, end_frame, item_frame, open_frame, StreamKind};
use crate::value::{decode, encode, Value};

const MAX_STREAMS: usize = 16;
pub(crate) const WINDOW_BYTES: u32 = 64 * 1024;
/// Streams wait already then, so that calls need not wait behind them.
const CLOG_BYTES: usize = 128 * 1024;
/// In front of each item that is held: its length, and what its frame took of the credit.
const HELD_HEADER: usize = 8;

/// An open stream, at either end; may be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stream {
    pub(crate) served: bool,
    pub(crate) channel: usize,
    /// 0 at a client.
    pub(crate) connection: u64,
    /// Of all streams that there ever were at this end: a client may use an id again.
    pub(crate) serial: u64,
}

/// A stream as frames of a connection name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub connection: u64,
    pub id: u32,
}

/// What becomes of a stream. Everything is called from the loop, and nothing after `end`.
pub trait Flow {
    /// The reading end: one item. False: not now; it is held, with those behind it, and offered again after `resume`.
    fn item(&mut self, _component: &mut Component, _stream: Stream, _item: &Value) -> bool {
        true
    }

    /// The writing end: there is room again, after `write` said that there is none.
    fn room(&mut self, _component: &mut Component, _stream: Stream) {}

    /// A provider that reads: all items have come. `Component::end` then tells the client that the work is done.
    fn last(&mut self, component: &mut Component, stream: Stream) {
        component.end(stream);
    }

    /// Once: how it ended. IPC_STREAM_CANCELLED: the reading end wants no more. PEER_GONE: the connection has ended; a client
    /// has read before what came before.
    fn end(&mut self, _component: &mut Component, _stream: Stream, _outcome: Result<(), Error>) {}
}

/// What became of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Sent,
    /// Nothing was written; `Flow::room` follows.
    NoRoom,
    /// The stream has ended, or this end does not write it, or has said that there are no more.
    Over,
    TooLarge,
}

/// What a flow is to be told.
pub(crate) enum Told {
    Item(Value),
    Room,
    Last,
    End(Result<(), Error>),
}

#[derive(Default)]
struct State {
    serial: u64,
    id: u32,
    connection: u64,
    /// This end reads the items.
    reads: bool,
    /// A client's opening frame, until it is sent.
    opening: Option<Value>,
    paused: bool,
    wants_room: bool,
    /// This end has said that it writes no more.
    ended: bool,
    /// The other end has said so: nothing comes for it any more.
    finished: bool,
    told_last: bool,
    /// `end` is due.
    over: bool,
    failure: Option<Error>,
    /// What the writing end may still send.
    credit: i64,
    /// By the component, and not given back as credit.
    taken: u32,
    held: Vec<u8>,
    held_start: usize,
    accepted: bool,
    /// Away while it is told something.
    flow: Option<Box<dyn Flow>>,
}

impl State {
    fn finish(&mut self, failure: Option<Error>) {
        self.over = true;
        self.held.clear();
        self.held_start = 0;
        self.failure = failure;
    }

    fn holds(&self) -> bool {
        self.held_start < self.held.len()
    }

    fn hold(&mut self, item: &Value, size: usize) {
        self.held.drain(..self.held_start);
        self.held_start = 0;
        let start = self.held.len();
        self.held.resize(start + HELD_HEADER, 0);
        encode(item, &mut self.held);
        let length = (self.held.len() - start - HELD_HEADER) as u32;
        self.held[start..start + 4].copy_from_slice(&length.to_ne_bytes());
        self.held[start + 4..start + 8].copy_from_slice(&(size as u32).to_ne_bytes());
    }

    fn number_at(&self, at: usize) -> u32 {
        let bytes = &self.held[self.held_start + at..self.held_start + at + 4];
        bytes.try_into().map_or(0, u32::from_ne_bytes)
    }

    fn first_held(&self) -> Value {
        let start = self.held_start + HELD_HEADER;
        decode(&self.held[start..start + self.number_at(0) as usize]).unwrap_or(Value::Nil)
    }

    /// The first item was taken. Credit is given back in halves of the window: a frame of it per item would double the messages.
    fn advance(&mut self, link: Option<&mut Link>) {
        self.taken += self.number_at(4);
        self.held_start += HELD_HEADER + self.number_at(0) as usize;
        if !self.holds() {
            self.held = Vec::new();
            self.held_start = 0;
        }
        if let (false, true, Some(link)) = (self.finished, self.taken >= WINDOW_BYTES / 2, link) {
            self.credit += i64::from(self.taken);
            link.send(&credit_frame(self.id, self.taken));
            self.taken = 0;
        }
    }
}

/// The streams of one end of a channel; those that are over stay until that was told.
pub(crate) struct Flows {
    list: Vec<State>,
    served: bool,
    /// Of a client: what it opened last.
    last_id: u32,
    last_serial: u64,
}

pub(crate) fn has_room(link: &Link) -> bool {
    !link.broken && link.queued() <= CLOG_BYTES
}

fn gone() -> Error {
    Error::new("PEER_GONE", "the other end has gone")
}

impl Flows {
    pub fn new(served: bool) -> Flows {
        Flows { list: Vec::new(), served, last_id: 0, last_serial: 0 }
    }

    fn of_serial(&mut self, serial: u64) -> Option<&mut State> {
        self.list.iter_mut().find(|one| !one.over && one.serial == serial)
    }

    fn find(&mut self, key: Key) -> Option<&mut State> {
        self.list.iter_mut().find(|one| !one.over && one.id == key.id && one.connection == key.connection)
    }

    fn open_count(&self, connection: u64) -> usize {
        self.list.iter().filter(|one| !one.over && one.connection == connection).count()
    }

    /// `refusal`: why it fails at once.
    pub fn open(
        &mut self,
        kind: &StreamKind,
        arguments: Value,
        refusal: Option<Error>,
        link: Option<&mut Link>,
        flow: Box<dyn Flow>,
    ) -> u64 {
        self.last_id = self.last_id.wrapping_add(1);
        while self.find(Key { connection: 0, id: self.last_id }).is_some() {
            self.last_id = self.last_id.wrapping_add(1);
        }
        let credit = if kind.from_provider { WINDOW_BYTES } else { 0 };
        let is_full = self.open_count(0) >= MAX_STREAMS;
        self.last_serial += 1;
        let mut state = State {
            serial: self.last_serial,
            id: self.last_id,
            reads: kind.from_provider,
            opening: Some(open_frame(self.last_id, kind.name, arguments, credit)),
            credit: i64::from(credit),
            accepted: true,
            flow: Some(flow),
            ..State::default()
        };
        if is_full {
            state.finish(Some(Error::new("IPC_OVERLOADED", "16 streams are open already")));
        } else if refusal.is_some() {
            state.finish(refusal);
        } else if let Some(link) = link {
            start(&mut state, link);
        }
        self.list.push(state);
        self.last_serial
    }

    /// The connection is there: what was asked for before is opened.
    pub fn begin(&mut self, link: &mut Link) {
        for state in self.list.iter_mut().filter(|state| !state.over && state.opening.is_some()) {
            start(state, link);
        }
    }

    pub fn accept(&mut self, serial: u64, flow: Box<dyn Flow>) -> bool {
        match self.of_serial(serial) {
            Some(state) if !state.accepted => {
                state.accepted = true;
                state.flow = Some(flow);
                true
            }
            _ => false,
        }
    }

    pub fn write(&mut self, serial: u64, item: &Value, link: Option<&mut Link>) -> Written {
        let state = match self.of_serial(serial) {
            Some(state) if !state.reads && !state.ended => state,
            _ => return Written::Over,
        };
        let link = match link {
            Some(link) if state.opening.is_none() && state.credit > 0 && has_room(link) => link,
            _ => {
                state.wants_room = true;
                return Written::NoRoom;
            }
        };
        match link.send_sized(&item_frame(state.id, item.clone())) {
            Some(size) => {
                state.credit -= size as i64;
                Written::Sent
            }
            None if link.broken => Written::Over,
            None => Written::TooLarge,
        }
    }

    pub fn end(&mut self, serial: u64, link: Option<&mut Link>) -> bool {
        let served = self.served;
        let state = match self.of_serial(serial) {
            Some(state) if !state.ended => state,
            _ => return false,
        };
        if let (true, true, Some(link)) = (state.opening.is_none(), served || !state.finished, link) {
            link.send(&end_frame(state.id, None));
        }
        if served {
            state.finish(None);
        } else if state.reads {
            state.finish(Some(Error::new("IPC_STREAM_CANCELLED", "this end wanted no more")));
        } else {
            state.ended = true;
        }
        true
    }

    pub fn fail(&mut self, serial: u64, error: Error, link: Option<&mut Link>) -> bool {
        match self.of_serial(serial) {
            Some(state) => {
                if let (true, Some(link)) = (state.opening.is_none(), link) {
                    link.send(&end_frame(state.id, Some((&error.code, &error.message))));
                }
                state.finish(Some(error));
                true
            }
            None => false,
        }
    }

    pub fn resume(&mut self, serial: u64) {
        if let Some(state) = self.of_serial(serial) {
            state.paused = false;
        }
    }

    /// A client's open frame that interface and manifest allow; the serial of the stream, `None` where it was refused.
    pub fn serve(&mut self, key: Key, kind: &StreamKind, credit: u32, link: &mut Link) -> Result<Option<u64>, &'static str> {
        if self.find(key).is_some() {
            return Err("a stream that is open already");
        }
        if self.open_count(key.connection) >= MAX_STREAMS {
            link.send(&end_frame(key.id, Some(("IPC_OVERLOADED", "16 streams are open already"))));
            return Ok(None);
        }
        let reads = !kind.from_provider;
        if reads {
            link.send(&credit_frame(key.id, WINDOW_BYTES));
        }
        let credit = if reads { WINDOW_BYTES } else { credit };
        let credit = i64::from(credit);
        self.last_serial += 1;
        let serial = self.last_serial;
        self.list.push(State { serial, id: key.id, connection: key.connection, reads, credit, ..State::default() });
        Ok(Some(serial))
    }

    /// The stream that a frame speaks of. What comes after its end is fine (`Ok(None)`); what never was is not.
    fn heard(&mut self, key: Key) -> Result<Option<&mut State>, &'static str> {
        let is_past = self.served || key.id <= self.last_id;
        match self.find(key) {
            Some(state) if !state.finished && state.opening.is_none() => Ok(Some(state)),
            _ if is_past => Ok(None),
            _ => Err("a stream that never was"),
        }
    }

    pub fn take_item(&mut self, key: Key, item: &Value, size: usize) -> Result<(), &'static str> {
        if let Some(state) = self.heard(key)? {
            if !state.reads || state.credit <= 0 {
                return Err("an item without credit");
            }
            state.credit -= size as i64;
            state.hold(item, size);
        }
        Ok(())
    }

    pub fn take_credit(&mut self, key: Key, bytes: u32) -> Result<(), &'static str> {
        let served = self.served;
        match self.heard(key)? {
            Some(state) if state.reads && !served => Err("credit for a stream that it writes itself"),
            Some(state) => {
                state.credit = state.credit.saturating_add(if state.reads { 0 } else { i64::from(bytes) });
                Ok(())
            }
            None => Ok(()),
        }
    }

    pub fn take_end(&mut self, key: Key, error: Option<(String, String)>) -> Result<(), &'static str> {
        let served = self.served;
        if let Some(state) = self.heard(key)? {
            let error = error.map(|(code, message)| Error { code, message });
            if state.reads {
                // What came before is taken first.
                state.finished = true;
                state.failure = error;
            } else if served {
                state.finish(Some(Error::new("IPC_STREAM_CANCELLED", "the client wants no more")));
            } else {
                state.finish(error);
            }
        }
        Ok(())
    }

    /// The connection has gone; `all`: what waits for one fails, too.
    pub fn lost(&mut self, connection: u64, all: bool, error: Option<Error>) {
        let served = self.served;
        for state in self.list.iter_mut().filter(|state| !state.over && state.connection == connection) {
            if (state.opening.is_some() && !all) || (state.finished && !served) {
                continue;
            }
            let error = error.clone().unwrap_or_else(gone);
            if state.reads && !served && state.opening.is_none() {
                state.finished = true;
                state.failure = Some(error);
            } else {
                state.finish(Some(error));
            }
        }
    }

    /// Connection and serial of each.
    pub fn all(&self) -> Vec<(u64, u64)> {
        self.list.iter().map(|state| (state.connection, state.serial)).collect()
    }

    /// Whether something is to be told; `room`: of a connection.
    pub fn is_pending(&self, room: &dyn Fn(u64) -> bool) -> bool {
        self.list.iter().any(|state| {
            let can_write = state.wants_room && state.credit > 0 && state.opening.is_none() && room(state.connection);
            let is_complete = state.finished && !state.told_last && !state.holds();
            state.over || (state.accepted && ((state.holds() && !state.paused) || can_write || is_complete))
        })
    }

    /// The next that the stream is to be told, with who is told; `returned` gives that back.
    pub fn due(&mut self, serial: u64, room: bool, link: Option<&mut Link>) -> Option<(Box<dyn Flow>, Told)> {
        let served = self.served;
        let at = self.list.iter().position(|one| one.serial == serial)?;
        let state = &mut self.list[at];
        if !state.over && state.accepted && state.finished && !state.told_last && !state.holds() {
            if !served {
                state.over = true;
            } else if let Some(error) = &state.failure {
                if let Some(link) = link {
                    link.send(&end_frame(state.id, Some((&error.code, &error.message))));
                }
                state.over = true;
            } else {
                state.told_last = true;
                return Some((state.flow.take()?, Told::Last));
            }
        }
        if state.over {
            let state = self.list.remove(at);
            let outcome = state.failure.map_or(Ok(()), Err);
            return Some((state.flow?, Told::End(outcome)));
        }
        if !state.accepted {
            return None;
        }
        if state.holds() && !state.paused {
            return Some((state.flow.take()?, Told::Item(state.first_held())));
        }
        if state.wants_room && state.credit > 0 && state.opening.is_none() && room {
            state.wants_room = false;
            return Some((state.flow.take()?, Told::Room));
        }
        None
    }

    /// `taken`: of an item, whether it was.
    pub fn returned(&mut self, serial: u64, flow: Box<dyn Flow>, taken: Option<bool>, link: Option<&mut Link>) {
        let found = self.list.iter_mut().find(|one| one.serial == serial);
        if let Some(state) = found {
            state.flow = Some(flow);
            match taken {
                Some(true) if !state.over => state.advance(link),
                Some(false) => state.paused = true,
                _ => (),
            }
        }
    }
}

fn start(state: &mut State, link: &mut Link) {
    let sent = state.opening.as_ref().map_or(true, |frame| link.send(frame));
    if sent {
        state.opening = None;
        if state.ended {
            link.send(&end_frame(state.id, None));
        }
    } else if !link.broken {
        state.finish(Some(Error::new("IPC_FRAME_TOO_LARGE", "the arguments do not fit a frame")));
    }
}
