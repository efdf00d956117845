//! Bulkhead's client library for Rust: a component that talks to its channels and to the root server. Nothing but the
//! standard library, one thread, every buffer bounded. docs/guide/component-rust.md shows a whole component.
//!
//! Everything happens in closures, which must return soon: the heartbeat comes from the same loop. A panic ends the
//! component, and the root server is told why: supervision is the error handling.

mod client;
mod component;
mod error;
mod lease;
mod link;
mod message;
mod provider;
mod setup;
mod start;
mod stream;
mod sys;
mod value;

pub use client::Use;
pub use component::{run, Component};
pub use error::Error;
pub use lease::{Lease, Piece};
pub use message::{Interface, Operation, StreamKind};
pub use provider::{Call, Client, Opened, Request, Service};
pub use setup::Setup;
pub use stream::{Flow, Stream, Written};
pub use value::{decode, encode, Value};
