//! The client's end of a channel: keeps it connected while the root server says that the provider is up, and keeps its calls.

mod calls;

use self::calls::Waiting;
use crate::component::Component;
use crate::error::Error;
use crate::lease::Lease;
use crate::link::Link;
use crate::message::{hello, read_hello, Hello, Interface, Message, SelfName};
use crate::stream::{has_room, Flow, Flows, Key, Told, Written};
use crate::sys;
use crate::value::Value;

const FIRST_RETRY_MS: u64 = 10;
const MAX_RETRY_MS: u64 = 1000;

/// A channel of `uses:` in the manifest.
#[derive(Clone, Copy, Debug)]
pub struct Use(pub(crate) usize);

pub(crate) type Answered = Box<dyn FnOnce(&mut Component, Result<Value, Error>)>;

/// What the loop has to tell the component, once the end itself is in order.
pub(crate) enum News {
    Peer { up: bool, incarnation: u32 },
    Notification { name: String, body: Value },
    Answer { answered: Answered, answer: Result<Value, Error> },
    Log(String),
}

pub(crate) struct ClientEnd {
    pub name: &'static str,
    pub interface: &'static Interface,
    path: String,
    link: Option<Link>,
    announced: Option<(bool, u32)>,
    open: bool,
    mismatch: bool,
    incarnation: u32,
    retry_at_ms: u64,
    retry_ms: u64,
    next_call: u32,
    calls: Vec<Waiting>,
    flows: Flows,
    pub lease: Option<Lease>,
}

impl ClientEnd {
    pub fn new(name: &'static str, interface: &'static Interface) -> ClientEnd {
        ClientEnd {
            name,
            interface,
            path: format!("/run/ipc/uses/{name}/socket"),
            link: None,
            announced: None,
            open: false,
            mismatch: false,
            incarnation: 0,
            retry_at_ms: 0,
            retry_ms: FIRST_RETRY_MS,
            next_call: 0,
            calls: Vec::new(),
            flows: Flows::new(false),
            lease: None,
        }
    }

    /// Opens a stream; why it cannot be is told by its flow.
    pub fn open(&mut self, name: &str, arguments: Value, flow: Box<dyn Flow>) -> u64 {
        let kind = match self.interface.stream(name) {
            Some(kind) => kind,
            None => panic!("there is no {}.{} to open", self.name, name),
        };
        let refusal = if self.mismatch {
            Some(mismatch())
        } else if matches!(self.announced, Some((false, _))) {
            Some(Error::new("PEER_GONE", "the provider has gone"))
        } else {
            None
        };
        let link = if self.open { self.link.as_mut() } else { None };
        self.flows.open(kind, arguments, refusal, link, flow)
    }

    /// The streams, with the link that they are on.
    pub fn flows(&mut self) -> (&mut Flows, Option<&mut Link>) {
        (&mut self.flows, if self.open { self.link.as_mut() } else { None })
    }

    pub fn write(&mut self, serial: u64, item: &Value) -> Written {
        let (flows, link) = self.flows();
        flows.write(serial, item, link)
    }

    fn has_room(&self) -> bool {
        self.open && self.link.as_ref().map_or(false, has_room)
    }

    pub fn all_streams(&self) -> Vec<(u64, u64)> {
        self.flows.all()
    }

    pub fn due(&mut self, serial: u64) -> Option<(Box<dyn Flow>, Told)> {
        let room = self.has_room();
        let (flows, link) = self.flows();
        flows.due(serial, room, link)
    }

    pub fn watch(&mut self, wake_ms: &mut u64) -> Option<sys::PollFd> {
        let now_ms = sys::now_ms();
        let room = self.has_room();
        if self.flows.is_pending(&|_| room) {
            *wake_ms = now_ms;
        }
        for call in &self.calls {
            *wake_ms = (*wake_ms).min(if call.failure.is_some() { now_ms } else { call.deadline_ms });
        }
        let wanted = self.is_wanted();
        match self.link.as_mut() {
            Some(link) => {
                Some(link.watch(false, now_ms, wake_ms))
            }
            None => {
                if wanted {
                    *wake_ms = (*wake_ms).min(self.retry_at_ms);
                }
                None
            }
        }
    }

    fn is_wanted(&self) -> bool {
        matches!(self.announced, Some((true, _))) && !self.mismatch
    }

    pub fn serve(&mut self, ready: bool, own: &SelfName) -> Vec<News> {
        let now_ms = sys::now_ms();
        let mut news = Vec::new();
        if ready {
            self.receive(&mut news);
        }
        if self.link.as_ref().map_or(false, |link| link.broken) {
            self.lose(&mut news);
        }
        if self.link.is_none() && self.is_wanted() && now_ms >= self.retry_at_ms {
            self.connect(own);
        }
        self.settle_failed(now_ms, &mut news);
        news
    }

    fn receive(&mut self, news: &mut Vec<News>) {
        let frames = match self.link.as_mut() {
            Some(link) => {
                link.flush();
                link.receive()
            }
            None => return,
        };
        for (frame, size) in frames {
            let good = match Message::parse(frame) {
                Some(message) if !self.open => self.greet(&message, news),
                Some(Message::Item { stream, item }) => {
                    let taken = self.flows.take_item(key(stream), &item, size);
                    self.keeps_rules(taken, news)
                }
                Some(Message::Credit { stream, bytes }) => {
                    let taken = self.flows.take_credit(key(stream), bytes);
                    self.keeps_rules(taken, news)
                }
                Some(Message::End { stream, error }) => {
                    let taken = self.flows.take_end(key(stream), error);
                    self.keeps_rules(taken, news)
                }
                Some(Message::Response { call, answer }) => self.take_answer(call, answer, news),
                Some(Message::Notification { name, body }) => {
                    news.push(News::Notification { name, body });
                    true
                }
                Some(_) => self.keeps_rules(Err("only a client may send requests"), news),
                None => self.keeps_rules(Err("a frame is no message"), news),
            };
            if !good {
                self.link.as_mut().map(|link| link.broken = true);
                return;
            }
        }
    }

    fn keeps_rules(&self, taken: Result<(), &'static str>, news: &mut Vec<News>) -> bool {
        if let Err(why) = taken {
            let name = self.name;
            news.push(News::Log(format!("channel {name} closed: {why} {{\"code\":\"IPC_FRAME_INVALID\"}}")));
        }
        taken.is_ok()
    }

    fn greet(&mut self, message: &Message, news: &mut Vec<News>) -> bool {
        match read_hello(message, self.interface) {
            Hello::Ok { incarnation } => {
                self.open = true;
                self.incarnation = incarnation;
                self.retry_ms = FIRST_RETRY_MS;
                news.push(News::Peer { up: true, incarnation });
                let mut calls = std::mem::take(&mut self.calls);
                for call in calls.iter_mut().filter(|call| call.call.is_none() && call.failure.is_none()) {
                    self.transmit(call);
                }
                self.calls = calls;
                if let Some(link) = self.link.as_mut() {
                    self.flows.begin(link);
                }
                true
            }
            Hello::Mismatch => {
                self.mismatch = true;
                let name = self.name;
                news.push(News::Log(format!(
                    "channel {name}: the provider was built from another interface; build both again"
                )));
                false
            }
            Hello::Invalid => {
                news.push(News::Log(format!("channel {}: the provider's first frame is no hello", self.name)));
                false
            }
        }
    }

    fn connect(&mut self, own: &SelfName) {
        match sys::connect_to(&self.path) {
            Ok(stream) => {
                let mut link = Link::new(stream);
                link.send(&hello(self.interface, own));
                self.link = Some(link);
            }
            Err(_) => self.back_off(),
        }
    }

    fn back_off(&mut self) {
        self.retry_at_ms = sys::now_ms() + self.retry_ms;
        self.retry_ms = (self.retry_ms * 2).min(MAX_RETRY_MS);
    }

    /// The connection, or the attempt, has ended.
    fn lose(&mut self, news: &mut Vec<News>) {
        self.link = None;
        self.back_off();
        self.flows.lost(0, self.mismatch, if self.mismatch { Some(mismatch()) } else { None });
        if let Some(lease) = &mut self.lease {
            lease.peer_gone();
        }
        for call in &mut self.calls {
            if self.mismatch {
                call.failure = Some("IPC_INTERFACE_MISMATCH");
            } else if call.call.take().is_some() {
                if !call.idempotent || call.repeated {
                    call.failure = Some("PEER_GONE");
                }
                call.repeated = true;
            }
        }
        if std::mem::take(&mut self.open) {
            news.push(News::Peer { up: false, incarnation: self.incarnation });
        }
    }

    /// What the root server says about the provider.
    pub fn set_peer(&mut self, up: bool, incarnation: u32) -> Vec<News> {
        let mut news = Vec::new();
        if self.announced.map(|(_, known)| known) != Some(incarnation) {
            self.mismatch = false;
        }
        self.announced = Some((up, incarnation));
        let other = self.open && self.incarnation != incarnation;
        if self.link.is_some() && (!up || other) {
            self.lose(&mut news);
        }
        self.retry_ms = FIRST_RETRY_MS;
        self.retry_at_ms = sys::now_ms();
        if !up {
            self.flows.lost(0, true, None);
            for call in self.calls.iter_mut().filter(|call| !call.idempotent) {
                call.failure = Some("PEER_GONE");
            }
        }
        news
    }
}

fn key(id: u32) -> Key {
    Key { connection: 0, id }
}

fn mismatch() -> Error {
    Error::new("IPC_INTERFACE_MISMATCH", "the provider was built from another interface")
}
