//! The calls of one channel: sent when it is open, answered, or given up at their deadline.

use super::{Answered, ClientEnd, News};
use crate::error::Error;
use crate::message::request;
use crate::sys;
use crate::value::Value;

const MAX_CALLS: usize = 256;
const MAX_QUEUE: usize = 4 * 1024 * 1024;

pub(super) struct Waiting {
    pub call: Option<u32>,
    pub operation: &'static str,
    pub idempotent: bool,
    pub repeated: bool,
    pub arguments: Value,
    pub deadline_ms: u64,
    /// Told from the loop, never from within `call`.
    pub failure: Option<&'static str>,
    pub answered: Answered,
}

impl ClientEnd {
    pub fn call(&mut self, operation: &str, arguments: Value, deadline_ms: u64, answered: Answered) {
        let known = match self.interface.operation(operation) {
            Some(known) => known,
            None => panic!("there is no {}.{} to call", self.name, operation),
        };
        let mut waiting = Waiting {
            call: None,
            operation: known.name,
            idempotent: known.idempotent,
            repeated: false,
            arguments,
            deadline_ms: sys::now_ms() + deadline_ms,
            failure: None,
            answered,
        };
        if self.calls.len() >= MAX_CALLS {
            waiting.failure = Some("IPC_OVERLOADED");
        } else if self.mismatch {
            waiting.failure = Some("IPC_INTERFACE_MISMATCH");
        } else if !known.idempotent && matches!(self.announced, Some((false, _))) {
            waiting.failure = Some("PEER_GONE");
        } else if self.open {
            self.transmit(&mut waiting);
        }
        self.calls.push(waiting);
    }

    pub(super) fn transmit(&mut self, waiting: &mut Waiting) {
        let link = match self.link.as_mut() {
            Some(link) => link,
            None => return,
        };
        let call = self.next_call;
        self.next_call = self.next_call.wrapping_add(1);
        if link.queued() > MAX_QUEUE {
            waiting.failure = Some("IPC_OVERLOADED");
        } else if link.send(&request(call, waiting.operation, waiting.arguments.clone())) {
            waiting.call = Some(call);
        } else if !link.broken {
            waiting.failure = Some("IPC_FRAME_TOO_LARGE");
        }
    }

    /// False for an answer to a call that was never made; one after its deadline is fine.
    pub(super) fn take_answer(&mut self, id: u32, answer: Result<Value, (String, String)>, news: &mut Vec<News>) -> bool {
        match self.calls.iter().position(|call| call.call == Some(id)) {
            Some(index) => {
                let waiting = self.calls.remove(index);
                let answer = answer.map_err(|(code, message)| Error { code, message });
                news.push(News::Answer { answered: waiting.answered, answer });
                true
            }
            None => id < self.next_call,
        }
    }

    pub(super) fn settle_failed(&mut self, now_ms: u64, news: &mut Vec<News>) {
        let late = if self.open { "DEADLINE_EXCEEDED" } else { "PEER_GONE" };
        let (failed, waiting): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.calls).into_iter().partition(|call| call.failure.is_some() || call.deadline_ms <= now_ms);
        self.calls = waiting;
        for call in failed {
            let error = Error::new(call.failure.unwrap_or(late), "the call was not answered");
            news.push(News::Answer { answered: call.answered, answer: Err(error) });
        }
    }
}
