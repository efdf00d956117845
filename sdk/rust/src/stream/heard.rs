//! What the other end says of streams: frames that keep the rules, those that do not, and the end of the connection.

use super::{gone, Flows, Key, State, MAX_STREAMS, WINDOW_BYTES};
use crate::error::Error;
use crate::link::Link;
use crate::message::{credit_frame, end_frame, StreamKind};
use crate::value::Value;

impl Flows {
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
}
