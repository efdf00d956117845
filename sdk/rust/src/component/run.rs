//! The loop: waits for the next thing that happens at a channel, the control channel or a timer, and deals with all that has happened.

use super::{write_line, Component, CONTROL_FD};
use crate::client::{ClientEnd, News};
use crate::link::Link;
use crate::message::{notification, Message, SelfName};
use crate::provider::Event;
use crate::setup::Setup;
use crate::start::Start;
use crate::sys;
use crate::value::Value;

const MAX_REASON: usize = 500;

/// Runs a component until the root server says stop; does not return. `define` says what it uses and provides.
pub fn run(define: impl FnOnce(&mut Setup)) -> ! {
    let mut setup = Setup::default();
    define(&mut setup);
    let clients = setup.uses.iter().map(|(name, interface)| ClientEnd::new(name, interface)).collect();
    let mut component = Component {
        own: SelfName { component: "component".to_string(), incarnation: 0 },
        // SAFETY: descriptor 3 is the control channel that the root server made for us, and nobody else's.
        control: Link::new(unsafe { sys::stream_of(CONTROL_FD) }),
        clients,
        providers: Vec::new(),
        timers: Vec::new(),
        serial: 0,
        heartbeat_ms: 0,
        heartbeat_at_ms: None,
        stopping: false,
        dropped_lines: 0,
    };
    std::panic::set_hook(Box::new(|panic| tell_panic(&panic.to_string())));
    while !component.stopping {
        turn(&mut component, &mut setup);
    }
    component.log("info", "stopping");
    if let Some(stop) = setup.handlers.stop.take() {
        stop(&mut component);
    }
    component.flush();
    std::process::exit(0);
}

/// A panic is a fault: the root server hears the reason, then the process ends.
fn tell_panic(panic: &str) {
    let reason: String = panic.replace('\n', " ").chars().take(MAX_REASON).collect();
    write_line(&format!("error this component gives up: {reason}"));
    // SAFETY: the process ends below, so nobody uses the descriptor any more.
    let mut control = Link::new(unsafe { sys::stream_of(CONTROL_FD) });
    control.send(&notification("fault", Value::map([("reason", Value::Text(reason))])));
    std::process::exit(1);
}

/// One turn: waits for the next thing that happens, and deals with all that has happened.
fn turn(component: &mut Component, setup: &mut Setup) {
    let now_ms = sys::now_ms();
    let mut wake_ms = now_ms + 60_000;
    wake_ms = wake_ms.min(component.heartbeat_at_ms.unwrap_or(wake_ms));
    for (at_ms, _) in &component.timers {
        wake_ms = wake_ms.min(*at_ms);
    }
    let mut fds = vec![component.control.watch(false, now_ms, &mut wake_ms)];
    let mut client_fds = Vec::new();
    for end in &mut component.clients {
        let fd = end.watch(&mut wake_ms);
        client_fds.push(fd.map(|_| fds.len()));
        fds.extend(fd);
    }
    let mut provider_fds = Vec::new();
    for end in &mut component.providers {
        let first = fds.len();
        end.watch(&mut fds, &mut wake_ms);
        provider_fds.push(first..fds.len());
    }
    if let Err(error) = sys::wait(&mut fds, wake_ms.saturating_sub(now_ms) as i32) {
        panic!("poll failed: {error}");
    }
    if fds[0].revents != 0 {
        hear_root(component, setup);
    }
    for (index, at) in client_fds.into_iter().enumerate() {
        let ready = at.map_or(false, |at| fds[at].revents != 0);
        let news = component.clients[index].serve(ready, &component.own);
        tell_news(component, setup, index, news);
        component.settle(false, index);
    }
    for (index, range) in provider_fds.into_iter().enumerate() {
        let events = component.providers[index].serve(index, &fds[range], &component.own, &mut component.serial);
        let service = component.providers[index].service;
        for event in events {
            match event {
                Event::Call(call) => setup.handlers.calls[service](component, call),
                Event::Opened(opened) => match &mut setup.handlers.streams[service] {
                    Some(callback) => callback(component, opened),
                    None => drop(component.fail(opened.stream, "IPC_UNKNOWN_OPERATION", "there is no such stream")),
                },
                Event::Log(text) => component.log("warn", &text),
            }
        }
        component.settle(true, index);
    }
    for action in component.take_due() {
        action(component);
    }
    component.beat();
}

fn tell_news(component: &mut Component, setup: &mut Setup, index: usize, news: Vec<News>) {
    for one in news {
        match one {
            News::Peer { up, incarnation } => {
                if let Some(callback) = &mut setup.handlers.peers[index] {
                    callback(component, up, incarnation);
                }
            }
            News::Notification { name, body } => {
                if let Some(callback) = &mut setup.handlers.notifications[index] {
                    callback(component, &name, body);
                }
            }
            News::Answer { answered, answer } => answered(component, answer),
            News::Log(text) => component.log("warn", &text),
        }
    }
}

fn hear_root(component: &mut Component, setup: &mut Setup) {
    component.control.flush();
    for (frame, _) in component.control.receive() {
        match Message::parse(frame) {
            Some(Message::Notification { name, body }) => match name.as_str() {
                "start" => begin(component, setup, &body),
                "peer" => hear_peer(component, setup, &body),
                "stop" => component.stopping = true,
                // What is for core servers only, or newer than this library, changes nothing here.
                _ => (),
            },
            _ => panic!("the root server sent no notification"),
        }
    }
    if component.control.broken && !component.stopping {
        panic!("the root server has gone");
    }
}

fn begin(component: &mut Component, setup: &mut Setup, body: &Value) {
    if component.heartbeat_at_ms.is_some() {
        panic!("the root server said start twice");
    }
    let start = match Start::parse(body) {
        Some(start) => start,
        None => panic!("the root server's start message is of another protocol"),
    };
    for (index, (name, interface)) in setup.uses.iter().enumerate() {
        match start.use_of(name, interface) {
            Some(lease) => component.clients[index].lease = lease,
            None => panic!("uses {name} as {}, which the manifest does not give", interface.name),
        }
    }
    component.providers = start.provider_ends(&setup.services).unwrap_or_else(|reason| panic!("{reason}"));
    component.heartbeat_ms = start.heartbeat_ms;
    component.own = start.own;
    if let Some(callback) = setup.handlers.start.take() {
        callback(component, start.config);
    }
    for end in &mut component.providers {
        if let Err(error) = end.listen() {
            panic!("a channel cannot be bound: {error}");
        }
    }
    component.tell("ready", Value::map([]));
    component.heartbeat_at_ms = Some(sys::now_ms() + component.heartbeat_ms);
}

fn hear_peer(component: &mut Component, setup: &mut Setup, body: &Value) {
    let members = (body.get("name"), body.get("up"), body.get("incarnation"));
    if let (Some(Value::Text(name)), Some(Value::Bool(up)), Some(Value::Int(incarnation))) = members {
        let found = component.clients.iter().position(|end| end.name == name);
        if let Some(index) = found {
            let news = component.clients[index].set_peer(*up, *incarnation as u32);
            tell_news(component, setup, index, news);
        }
    }
}
