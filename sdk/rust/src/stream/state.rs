//! What a stream holds: items that came and were not taken, and the credit that they took.

use super::{State, WINDOW_BYTES};
use crate::error::Error;
use crate::link::Link;
use crate::message::credit_frame;
use crate::value::{decode, encode, Value};

/// In front of each item that is held: its length, and what its frame took of the credit.
const HELD_HEADER: usize = 8;

impl State {
    pub(super) fn finish(&mut self, failure: Option<Error>) {
        self.over = true;
        self.held.clear();
        self.held_start = 0;
        self.failure = failure;
    }

    pub(super) fn holds(&self) -> bool {
        self.held_start < self.held.len()
    }

    pub(super) fn hold(&mut self, item: &Value, size: usize) {
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

    pub(super) fn first_held(&self) -> Value {
        let start = self.held_start + HELD_HEADER;
        decode(&self.held[start..start + self.number_at(0) as usize]).unwrap_or(Value::Nil)
    }

    /// The first item was taken. Credit is given back in halves of the window: a frame of it per item would double the messages.
    pub(super) fn advance(&mut self, link: Option<&mut Link>) {
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
