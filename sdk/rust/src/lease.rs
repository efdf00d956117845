//! The memory that the two ends of a channel share: a file that is read and written, never mapped, so that a peer who cuts it
//! off makes a read short and nothing worse (docs/decisions/0013). The client alone gives out pieces of it, in whole pages.

use crate::error::Error;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;

/// Pieces of different calls share no page, so what one writes touches no other's memory.
const PAGE: i64 = 4096;

/// What a client names in the arguments of a call. The other end can be wrong or lie: each use is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    pub offset: i64,
    pub size_bytes: i64,
}

#[derive(Clone, Copy, PartialEq)]
enum Page {
    Free,
    Taken,
    /// Of a call that missed its deadline: the provider may still write there.
    Late,
}

/// The shared memory of one channel, at either end.
pub struct Lease {
    path: String,
    file: Option<File>,
    size_bytes: i64,
    pages: Vec<Page>,
}

impl Lease {
    pub(crate) fn new(name: &str, size_bytes: i64) -> Lease {
        let pages = vec![Page::Free; (size_bytes / PAGE) as usize];
        Lease { path: format!("/run/ipc/leases/{name}"), file: None, size_bytes, pages }
    }

    /// A piece of `size_bytes`; `None` where there is no room. The client alone takes pieces.
    pub fn take(&mut self, size_bytes: i64) -> Option<Piece> {
        if size_bytes <= 0 || size_bytes > self.size_bytes {
            return None;
        }
        let needed = pages_of(size_bytes);
        let first = self.pages.windows(needed).position(|run| run.iter().all(|page| *page == Page::Free))?;
        self.pages[first..first + needed].fill(Page::Taken);
        Some(Piece { offset: first as i64 * PAGE, size_bytes })
    }

    /// When the call that worked on it is over, with its answer. After DEADLINE_EXCEEDED the provider may still write, so that
    /// the piece is not given out again before the provider has gone.
    pub fn give<T>(&mut self, piece: Piece, answer: &Result<T, Error>) {
        let is_late = matches!(answer, Err(error) if error.code == "DEADLINE_EXCEEDED");
        let first = (piece.offset / PAGE) as usize;
        if let Some(pages) = self.pages.get_mut(first..first + pages_of(piece.size_bytes)) {
            pages.fill(if is_late { Page::Late } else { Page::Free });
        }
    }

    pub(crate) fn peer_gone(&mut self) {
        for page in self.pages.iter_mut().filter(|page| **page == Page::Late) {
            *page = Page::Free;
        }
    }

    /// Fills `bytes` from `at` of the piece on. IPC_LEASE_INVALID: it is not inside the piece, the piece not inside the lease,
    /// or the other end has cut the lease off.
    pub fn read(&mut self, piece: Piece, at: i64, bytes: &mut [u8]) -> Result<(), Error> {
        let place = self.place(piece, at, bytes.len())?;
        self.file()?.read_exact_at(bytes, place).map_err(invalid)
    }

    /// The other direction, with the same errors.
    pub fn write(&mut self, piece: Piece, at: i64, bytes: &[u8]) -> Result<(), Error> {
        let place = self.place(piece, at, bytes.len())?;
        self.file()?.write_all_at(bytes, place).map_err(invalid)
    }

    /// The piece may come from the peer: nothing about it is believed.
    fn place(&self, piece: Piece, at: i64, length: usize) -> Result<u64, Error> {
        let Piece { offset, size_bytes } = piece;
        let is_piece = offset >= 0 && size_bytes >= 0 && offset <= self.size_bytes && size_bytes <= self.size_bytes - offset;
        if !is_piece || at < 0 || at > size_bytes || length as u64 > (size_bytes - at) as u64 {
            return Err(Error::new("IPC_LEASE_INVALID", "that is not inside the piece, or the piece not inside the lease"));
        }
        Ok((offset + at) as u64)
    }

    fn file(&mut self) -> Result<&File, Error> {
        if self.file.is_none() {
            self.file = Some(OpenOptions::new().read(true).write(true).open(&self.path).map_err(invalid)?);
        }
        self.file.as_ref().ok_or_else(|| invalid(io::Error::from(io::ErrorKind::NotFound)))
    }
}

fn pages_of(size_bytes: i64) -> usize {
    ((size_bytes.max(0) + PAGE - 1) / PAGE) as usize
}

fn invalid(error: io::Error) -> Error {
    Error::new("IPC_LEASE_INVALID", &format!("the lease of the channel: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes(lease: &mut Lease, wanted: &[i64]) -> Vec<Option<i64>> {
        wanted.iter().map(|size| lease.take(*size).map(|piece| piece.offset)).collect()
    }

    #[test]
    fn pieces_share_no_page_and_come_back() {
        let mut lease = Lease::new("x", 4 * PAGE);
        assert_eq!(sizes(&mut lease, &[1, PAGE + 1, PAGE, 1]), [Some(0), Some(PAGE), Some(3 * PAGE), None]);
        lease.give(Piece { offset: PAGE, size_bytes: PAGE + 1 }, &Ok(()));
        assert_eq!(sizes(&mut lease, &[3 * PAGE, 2 * PAGE, 0, -1]), [None, Some(PAGE), None, None]);
    }

    #[test]
    fn nothing_outside_is_a_place() {
        let lease = Lease::new("x", 2 * PAGE);
        let ask = |offset, size_bytes, at, length| lease.place(Piece { offset, size_bytes }, at, length).is_ok();
        assert!(ask(PAGE, PAGE, 0, PAGE as usize) && ask(0, 10, 10, 0));
        assert!(!ask(PAGE, PAGE + 1, 0, 1) && !ask(-1, 1, 0, 1) && !ask(0, 10, 5, 6) && !ask(0, 10, -1, 1));
        assert!(!ask(i64::MAX, i64::MAX, 0, 1) && !ask(0, -1, 0, 0) && !ask(0, 10, i64::MAX, usize::MAX));
    }
}
