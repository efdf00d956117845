//! Provides the ring and never answers: what it was asked is kept for ever.

use bulkhead::Setup;
use interfaces::ring;

fn main() {
    bulkhead::run(|setup: &mut Setup| {
        setup.uses("next", &ring::INTERFACE);
        setup.provides("ring", &ring::INTERFACE, |_component, _call| {});
        setup.on_start(|_component, _config| {});
    })
}
