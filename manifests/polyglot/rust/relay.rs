//! Streams of the ring, both ways: what one end reads, the other writes as soon as it has room. Nothing is kept here.

use bulkhead::{Component, Error, Flow, Opened, Stream, Use, Value, Written};
use interfaces::ring;
use std::cell::Cell;
use std::rc::Rc;

/// One of two streams that are one to those around; the other is known once it is open.
struct Relay {
    other: Rc<Cell<Option<Stream>>>,
}

impl Flow for Relay {
    fn item(&mut self, component: &mut Component, stream: Stream, item: &Value) -> bool {
        if ring::DownItem::read(item).is_none() {
            component.fail(stream, "IPC_ARGUMENTS_INVALID", "an item has an index and a fill");
            return true;
        }
        self.other.get().map_or(false, |other| component.write(other, item) != Written::NoRoom)
    }

    fn room(&mut self, component: &mut Component, _stream: Stream) {
        self.other.get().map(|other| component.resume(other));
    }

    fn last(&mut self, component: &mut Component, _stream: Stream) {
        self.other.get().map(|other| component.end(other));
    }

    fn end(&mut self, component: &mut Component, _stream: Stream, outcome: Result<(), Error>) {
        self.other.get().map(|other| match outcome {
            Ok(()) => component.end(other),
            Err(error) => component.fail(other, &error.code, &error.message),
        });
    }
}

pub fn relay(component: &mut Component, opened: Opened, next: Use) {
    let name = if opened.name == "down" { "down" } else { "up" };
    let behind = Rc::new(Cell::new(None));
    component.accept(opened.stream, Relay { other: behind.clone() });
    let flow = Relay { other: Rc::new(Cell::new(Some(opened.stream))) };
    behind.set(Some(component.open(next, name, opened.arguments, flow)));
}
