//! Provides the ring and never answers: what it was asked is kept for ever, and no stream is ended.

use bulkhead::{Flow, Setup};
use interfaces::ring;

struct Hold;
impl Flow for Hold {}

fn main() {
    bulkhead::run(|setup: &mut Setup| {
        setup.uses("next", &ring::INTERFACE);
        let service = setup.provides("ring", &ring::INTERFACE, |_component, _call| {});
        setup.on_stream(service, |component, opened| drop(component.accept(opened.stream, Hold)));
        setup.on_start(|_component, _config| {});
    })
}
