//! What a stream's flow is to be told, one thing after the other.

use super::{Flow, Flows, Told};
use crate::link::Link;
use crate::message::end_frame;

impl Flows {
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
