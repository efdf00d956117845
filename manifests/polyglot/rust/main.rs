//! A station of the ring, in Rust: passes the token on, adds its name to what comes back, and answers with that.

mod relay;
mod stamp;

use bulkhead::{Call, Component, Setup, Use};
use interfaces::ring;
use std::time::Duration;

const DEADLINE: Duration = Duration::from_millis(1500);

fn main() {
    bulkhead::run(|setup: &mut Setup| {
        let next = setup.uses("next", &ring::INTERFACE);
        let service = setup.provides("ring", &ring::INTERFACE, move |component, call| match call.operation.as_str() {
            "pass" => pass(component, call, next),
            _ => stamp::stamp(component, call, next),
        });
        setup.on_stream(service, move |component, opened| relay::relay(component, opened, next));
        setup.on_start(|component, _config| {
            let line = format!("{} is in the ring, incarnation {}", component.name(), component.incarnation());
            component.log("info", &line);
        });
    })
}

fn pass(component: &mut Component, call: Call, next: Use) {
    let request = call.request;
    match ring::PassArguments::read(&call.arguments) {
        Some(mut arguments) => {
            arguments.trail = format!("{} {}", arguments.trail, component.name());
            component.call(next, "pass", arguments.write(), DEADLINE, move |component, answer| match answer {
                Ok(result) => match ring::PassResult::read(&result) {
                    Some(result) => drop(component.answer(request, result.write())),
                    None => drop(component.refuse(request, "IPC_RESULT_INVALID", "the next station answered something else")),
                },
                Err(error) => drop(component.refuse(request, &error.code, "the next station did not answer")),
            });
        }
        None => drop(component.refuse(request, "IPC_ARGUMENTS_INVALID", "pass takes a round and a trail")),
    }
}
