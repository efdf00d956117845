//! One connected stream of frames: a length of four bytes, big endian, and one value. Knows nothing of what they mean.

use crate::sys;
use crate::value::{decode, encode, Value};
use std::io::ErrorKind;
use std::os::unix::io::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;

pub const MAX_FRAME: usize = 1024 * 1024;
const HEADER: usize = 4;
const PIECE: usize = 4096;
const HALF_FRAME_MS: u64 = 5000;

pub struct Link {
    stream: UnixStream,
    input: Vec<u8>,
    output: Vec<u8>,
    half_since_ms: Option<u64>,
    /// To be closed by its owner.
    pub broken: bool,
}

impl Link {
    pub fn new(stream: UnixStream) -> Link {
        Link { stream, input: Vec::new(), output: Vec::new(), half_since_ms: None, broken: false }
    }

    pub fn fd(&self) -> RawFd {
        self.stream.as_raw_fd()
    }

    pub fn queued(&self) -> usize {
        self.output.len()
    }

    /// What to wait for; a paused link reads nothing.
    pub fn watch(&mut self, paused: bool, now_ms: u64, wake_ms: &mut u64) -> sys::PollFd {
        if paused {
            // A pause that we made ourselves is not the peer's half frame.
            self.half_since_ms = self.half_since_ms.map(|_| now_ms);
        }
        if let Some(since_ms) = self.half_since_ms {
            let by_ms = since_ms + HALF_FRAME_MS;
            self.broken |= now_ms >= by_ms;
            *wake_ms = (*wake_ms).min(by_ms);
        }
        if self.broken {
            *wake_ms = now_ms;
        }
        let write = if self.output.is_empty() { 0 } else { sys::POLLOUT };
        let read = if paused { 0 } else { sys::POLLIN };
        sys::PollFd { fd: self.fd(), events: read | write, revents: 0 }
    }

    /// Reads what has come and returns the whole frames in it, each with its size. Marks the link broken where the peer has gone or the stream is
    /// no stream of frames; what came before that still counts.
    pub fn receive(&mut self) -> Vec<(Value, usize)> {
        let mut piece = [0; PIECE];
        let wanted = self.frame_length().map_or(PIECE, |length| HEADER + length);
        while self.input.len() < wanted {
            match sys::receive_now(&self.stream, &mut piece) {
                Ok(0) => {
                    self.broken = true;
                    break;
                }
                Ok(count) => self.input.extend_from_slice(&piece[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => {
                    self.broken = true;
                    break;
                }
            }
        }
        let mut frames = Vec::new();
        let mut start = 0;
        while let Some(length) = self.frame_length_at(start) {
            if length == 0 || length > MAX_FRAME {
                self.broken = true;
                break;
            }
            let body = start + HEADER;
            if self.input.len() < body + length {
                break;
            }
            match decode(&self.input[body..body + length]) {
                Some(value) => frames.push((value, length)),
                None => {
                    self.broken = true;
                    break;
                }
            }
            start = body + length;
            self.half_since_ms = None;
        }
        self.input.drain(..start);
        if self.input.is_empty() {
            self.half_since_ms = None;
            self.input.shrink_to(PIECE);
        } else if self.half_since_ms.is_none() {
            self.half_since_ms = Some(sys::now_ms());
        }
        frames
    }

    fn frame_length(&self) -> Option<usize> {
        self.frame_length_at(0).map(|length| length.min(MAX_FRAME))
    }

    fn frame_length_at(&self, start: usize) -> Option<usize> {
        let header = self.input.get(start..start + HEADER)?;
        Some(header.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
    }

    /// Queues one frame and writes what the peer takes. False, and nothing is queued, where it is too large.
    pub fn send(&mut self, message: &Value) -> bool {
        self.send_sized(message).is_some()
    }

    /// The same; the size is that of the frame without its length.
    pub fn send_sized(&mut self, message: &Value) -> Option<usize> {
        let mut frame = vec![0; HEADER];
        encode(message, &mut frame);
        let length = frame.len() - HEADER;
        if length > MAX_FRAME || self.broken {
            return None;
        }
        frame[..HEADER].copy_from_slice(&(length as u32).to_be_bytes());
        self.output.extend_from_slice(&frame);
        self.flush();
        Some(length)
    }

    pub fn flush(&mut self) {
        let mut sent = 0;
        while !self.broken && sent < self.output.len() {
            match sys::send_now(&self.stream, &self.output[sent..]) {
                Ok(count) => sent += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => self.broken = true,
            }
        }
        self.output.drain(..sent);
        if self.output.is_empty() {
            self.output.shrink_to(PIECE);
        }
    }
}
