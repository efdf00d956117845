//! Why something failed, as a code that programs can tell apart and words for a person.

use std::fmt;

/// Why a call failed: PEER_GONE, DEADLINE_EXCEEDED, IPC_NOT_GRANTED …, or the code that the provider answered with.
#[derive(Clone, Debug)]
pub struct Error {
    pub code: String,
    pub message: String,
}

impl Error {
    pub fn new(code: &str, message: &str) -> Error {
        Error { code: code.to_string(), message: message.to_string() }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for Error {}
