//! The few system calls that the standard library has not in the form that is needed: without waiting, and without calls that a
//! freestanding component may not make (`ioctl`, `fcntl`). The only unsafe code of the library.

use std::io;
use std::os::raw::{c_int, c_ulong, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd};
use std::os::unix::net::UnixStream;
use std::time::Instant;

// linux/net.h, asm-generic/poll.h; the same on all processors that Bulkhead runs on.
const AF_UNIX: u16 = 1;
const SOCK_STREAM: c_int = 1;
const SOCK_CLOEXEC: c_int = 0o2_000_000;
const SOCK_NONBLOCK: c_int = 0o4_000;
const MSG_DONTWAIT: c_int = 0x40;
const MSG_NOSIGNAL: c_int = 0x4000;
pub const POLLIN: i16 = 1;
pub const POLLOUT: i16 = 4;
pub const POLLERR: i16 = 8;
pub const POLLHUP: i16 = 16;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct PollFd {
    pub fd: c_int,
    pub events: i16,
    pub revents: i16,
}

#[repr(C)]
struct Address {
    family: u16,
    path: [u8; 108],
}

extern "C" {
    fn poll(fds: *mut PollFd, count: c_ulong, timeout_ms: c_int) -> c_int;
    fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn connect(fd: c_int, address: *const Address, length: u32) -> c_int;
    fn send(fd: c_int, bytes: *const c_void, length: usize, flags: c_int) -> isize;
    fn recv(fd: c_int, bytes: *mut c_void, length: usize, flags: c_int) -> isize;
    fn umask(mask: u32) -> u32;
}

/// Waits until one of `fds` is ready or `timeout_ms` is over.
pub fn wait(fds: &mut [PollFd], timeout_ms: i32) -> io::Result<()> {
    // SAFETY: the pointer and the count are those of one slice.
    let found = unsafe { poll(fds.as_mut_ptr(), fds.len() as c_ulong, timeout_ms) };
    if found >= 0 {
        return Ok(());
    }
    for fd in fds.iter_mut() {
        fd.revents = 0;
    }
    match io::Error::last_os_error() {
        error if error.kind() == io::ErrorKind::Interrupted => Ok(()),
        error => Err(error),
    }
}

/// A stream over descriptor `fd`.
///
/// # Safety
/// Nobody else may own `fd`.
pub unsafe fn stream_of(fd: c_int) -> UnixStream {
    UnixStream::from_raw_fd(fd)
}

/// Connects without waiting. The path must be shorter than 108 bytes.
pub fn connect_to(path: &str) -> io::Result<UnixStream> {
    let mut address = Address { family: AF_UNIX, path: [0; 108] };
    if path.len() >= address.path.len() {
        return Err(io::Error::from(io::ErrorKind::InvalidInput));
    }
    address.path[..path.len()].copy_from_slice(path.as_bytes());
    // SAFETY: a new descriptor, which nobody else owns; the address lives until connect returns.
    unsafe {
        let fd = socket(c_int::from(AF_UNIX), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        let stream = UnixStream::from_raw_fd(fd);
        if connect(fd, &address, std::mem::size_of::<Address>() as u32) != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(stream)
    }
}

/// What the peer takes now of `bytes`; `WouldBlock` where it is nothing.
pub fn send_now(stream: &UnixStream, bytes: &[u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length are those of one slice.
    let sent = unsafe {
        send(stream.as_raw_fd(), bytes.as_ptr().cast(), bytes.len(), MSG_DONTWAIT | MSG_NOSIGNAL)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// What has come, at most as much as fits; 0 where the peer has gone, `WouldBlock` where there is nothing.
pub fn receive_now(stream: &UnixStream, bytes: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the pointer and the length are those of one slice.
    let got = unsafe { recv(stream.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len(), MSG_DONTWAIT) };
    usize::try_from(got).map_err(|_| io::Error::last_os_error())
}

/// Runs `action` with files made under `mask`.
pub fn with_umask<T>(mask: u32, action: impl FnOnce() -> T) -> T {
    // SAFETY: umask cannot fail, and there is one thread.
    let before = unsafe { umask(mask) };
    let result = action();
    unsafe { umask(before) };
    result
}

/// Milliseconds since the first call, of a clock that never goes back.
pub fn now_ms() -> u64 {
    thread_local!(static START: Instant = Instant::now());
    START.with(|start| start.elapsed().as_millis() as u64) + 1
}
