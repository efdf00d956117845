//! What the component asks of a stream; and the frames that say so.

use super::{has_room, Flow, Flows, Key, State, Written, MAX_STREAMS, WINDOW_BYTES};
use crate::error::Error;
use crate::link::Link;
use crate::message::{end_frame, item_frame, open_frame, StreamKind};
use crate::value::Value;

impl Flows {
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
