//! Streams of both ends: an item is sent while its reader has given credit for it, so a reader holds at most the window and one
//! frame (docs/decisions/0015). What the component asks for (`asked`) and frames (`heard`) only note what is to be told (`told`).

mod asked;
mod heard;
mod state;
mod told;

use crate::error::Error;
use crate::component::Component;
use crate::link::Link;
use crate::value::Value;

const MAX_STREAMS: usize = 16;
pub(crate) const WINDOW_BYTES: u32 = 64 * 1024;
/// Streams wait already then, so that calls need not wait behind them.
const CLOG_BYTES: usize = 128 * 1024;

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

    /// Connection and serial of each.
    pub fn all(&self) -> Vec<(u64, u64)> {
        self.list.iter().map(|state| (state.connection, state.serial)).collect()
    }
}
