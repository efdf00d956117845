//! The messages of a channel (MessagePack-RPC, and those of streams) and the hello that both ends begin with.

use crate::value::Value;

pub const PROTOCOL: i64 = 1;
const MAX_NAME: usize = 64;
/// Characters; the other end counts UTF-16 units.
const MAX_ERROR_TEXT: usize = 2000;

/// An operation of an interface. `idempotent`: the library may repeat a call when the provider restarted before it answered.
#[derive(Debug)]
pub struct Operation {
    pub name: &'static str,
    pub idempotent: bool,
}

/// A stream of an interface: whether the provider writes its items, or the client.
#[derive(Debug)]
pub struct StreamKind {
    pub name: &'static str,
    pub from_provider: bool,
}

/// `bulkhead build` writes these, with the digest, into the crate `interfaces`.
#[derive(Debug)]
pub struct Interface {
    pub name: &'static str,
    pub digest: &'static str,
    pub operations: &'static [Operation],
    pub streams: &'static [StreamKind],
}

impl Interface {
    pub(crate) fn stream(&self, name: &str) -> Option<&'static StreamKind> {
        self.streams.iter().find(|stream| stream.name == name)
    }

    pub(crate) fn operation(&self, name: &str) -> Option<&'static Operation> {
        self.operations.iter().find(|operation| operation.name == name)
    }
}

pub enum Message {
    Request { call: u32, operation: String, arguments: Value },
    Response { call: u32, answer: Result<Value, (String, String)> },
    Notification { name: String, body: Value },
    Open { stream: u32, name: String, arguments: Value, credit: u32 },
    Item { stream: u32, item: Value },
    Credit { stream: u32, bytes: u32 },
    End { stream: u32, error: Option<(String, String)> },
}

impl Message {
    /// `None` for anything that is none of them. Their shapes are those of protocol/src/ipc/frame.ts.
    pub fn parse(frame: Value) -> Option<Message> {
        let mut members = match frame {
            Value::Array(members) => members,
            _ => return None,
        };
        let body = members.pop()?;
        match (members.first()?.as_int()?, members.len()) {
            (0, 3) => Some(Message::Request {
                call: call_id(&members[1])?,
                operation: name(&members[2])?,
                arguments: body,
            }),
            (1, 3) => Some(Message::Response {
                call: call_id(&members[1])?,
                answer: if members[2] == Value::Nil { Ok(body) } else { Err(failure(&members[2])?) },
            }),
            (2, 2) => Some(Message::Notification { name: name(&members[1])?, body }),
            (3, 4) => Some(Message::Open {
                stream: call_id(&members[1])?,
                name: name(&members[2])?,
                arguments: members.pop()?,
                credit: call_id(&body)?,
            }),
            (4, 2) => Some(Message::Item { stream: call_id(&members[1])?, item: body }),
            (5, 2) => Some(Message::Credit { stream: call_id(&members[1])?, bytes: call_id(&body)? }),
            (6, 2) => Some(Message::End {
                stream: call_id(&members[1])?,
                error: if body == Value::Nil { None } else { Some(failure(&body)?) },
            }),
            _ => None,
        }
    }
}

/// Identifiers and credit: 32 bits, without a sign.
fn call_id(value: &Value) -> Option<u32> {
    u32::try_from(value.as_int()?).ok()
}

fn name(value: &Value) -> Option<String> {
    let text = value.as_text()?;
    if text.is_empty() || text.len() > MAX_NAME {
        return None;
    }
    Some(text.to_string())
}

fn failure(value: &Value) -> Option<(String, String)> {
    let [code, message] = value.members(["code", "message"])?;
    let (code, message) = (code.as_text()?, message.as_text()?);
    if code.len() > MAX_NAME || message.chars().count() > MAX_ERROR_TEXT {
        return None;
    }
    Some((code.to_string(), message.to_string()))
}

pub fn request(call: u32, operation: &str, arguments: Value) -> Value {
    Value::Array(vec![Value::Int(0), Value::Int(i64::from(call)), Value::Text(operation.to_string()), arguments])
}

pub fn response(call: u32, answer: Result<Value, (&str, &str)>) -> Value {
    let (error, result) = match answer {
        Ok(result) => (Value::Nil, result),
        Err(error) => (failure_value(error), Value::Nil),
    };
    Value::Array(vec![Value::Int(1), Value::Int(i64::from(call)), error, result])
}

fn failure_value((code, message): (&str, &str)) -> Value {
    let text = message.chars().take(MAX_ERROR_TEXT / 4).collect();
    let code = Value::Text(code.chars().take(MAX_NAME).collect());
    Value::map([("code", code), ("message", Value::Text(text))])
}

fn number(value: u32) -> Value {
    Value::Int(i64::from(value))
}

pub fn open_frame(stream: u32, name: &str, arguments: Value, credit: u32) -> Value {
    Value::Array(vec![Value::Int(3), number(stream), Value::Text(name.to_string()), arguments, number(credit)])
}

pub fn item_frame(stream: u32, item: Value) -> Value {
    Value::Array(vec![Value::Int(4), number(stream), item])
}

pub fn credit_frame(stream: u32, bytes: u32) -> Value {
    Value::Array(vec![Value::Int(5), number(stream), number(bytes)])
}

pub fn end_frame(stream: u32, error: Option<(&str, &str)>) -> Value {
    Value::Array(vec![Value::Int(6), number(stream), error.map_or(Value::Nil, failure_value)])
}

pub fn notification(name: &str, body: Value) -> Value {
    Value::Array(vec![Value::Int(2), Value::Text(name.to_string()), body])
}

/// Who speaks at this end.
pub struct SelfName {
    pub component: String,
    pub incarnation: u32,
}

pub fn hello(interface: &Interface, own: &SelfName) -> Value {
    let body = Value::map([
        ("protocol", Value::Int(PROTOCOL)),
        ("interface", Value::Text(interface.name.to_string())),
        ("digest", Value::Text(interface.digest.to_string())),
        ("component", Value::Text(own.component.clone())),
        ("incarnation", Value::Int(i64::from(own.incarnation))),
    ]);
    notification("hello", body)
}

pub enum Hello {
    Ok { incarnation: u32 },
    Invalid,
    Mismatch,
}

pub fn read_hello(message: &Message, interface: &Interface) -> Hello {
    let body = match message {
        Message::Notification { name, body } if name == "hello" => body,
        _ => return Hello::Invalid,
    };
    match hello_members(body) {
        Some((protocol, name, digest, incarnation)) => {
            if protocol == PROTOCOL && name == interface.name && digest == interface.digest {
                Hello::Ok { incarnation }
            } else {
                Hello::Mismatch
            }
        }
        None => Hello::Invalid,
    }
}

fn hello_members(body: &Value) -> Option<(i64, &str, &str, u32)> {
    let [protocol, name, digest, component, incarnation] =
        body.members(["protocol", "interface", "digest", "component", "incarnation"])?;
    component.as_text()?;
    Some((protocol.as_int()?, name.as_text()?, digest.as_text()?, u32::try_from(incarnation.as_int()?).ok()?))
}
