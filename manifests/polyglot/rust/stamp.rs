//! The round in shared memory: the text goes from the client's piece into one of the next station's, and back with all names.

use bulkhead::{Call, Component, Error, Lease, Piece, Request, Use, Value};
use interfaces::ring;

const DEADLINE: std::time::Duration = crate::DEADLINE;
const TRAIL: i64 = 256;

fn no_lease() -> Error {
    Error::new("IPC_LEASE_INVALID", "the channel has no shared memory")
}

/// The text in a piece, which a zero byte ends.
fn read(lease: Option<&mut Lease>, piece: Piece) -> Result<String, Error> {
    let mut bytes = vec![0; piece.size_bytes.min(TRAIL) as usize];
    lease.ok_or_else(no_lease)?.read(piece, 0, &mut bytes)?;
    let text = bytes.split(|byte| *byte == 0).next().unwrap_or(&[]);
    Ok(String::from_utf8_lossy(text).into_owned())
}

fn write(lease: Option<&mut Lease>, piece: Piece, text: &str) -> Result<(), Error> {
    lease.ok_or_else(no_lease)?.write(piece, 0, format!("{text}\0").as_bytes())
}

pub fn stamp(component: &mut Component, call: Call, next: Use) {
    let request = call.request;
    let piece = match ring::StampArguments::read(&call.arguments) {
        Some(arguments) => Piece { offset: arguments.offset, size_bytes: arguments.size_bytes },
        None => return drop(component.refuse(request, "IPC_ARGUMENTS_INVALID", "stamp takes a piece")),
    };
    match read(component.lease_of(request), piece) {
        Ok(text) => {
            let stamped = format!("{text} {}", component.name());
            hand_on(component, request, piece, stamped, next);
        }
        Err(error) => drop(component.refuse(request, &error.code, &error.message)),
    }
}

/// Lets the next station stamp it as well, where memory is shared with it.
fn hand_on(component: &mut Component, request: Request, piece: Piece, text: String, next: Use) {
    let lent = component.lease(next).and_then(|lease| lease.take(piece.size_bytes));
    let lent = match lent {
        Some(lent) => lent,
        None => return answer(component, request, piece, Ok(text)),
    };
    if let Err(error) = write(component.lease(next), lent, &text) {
        return answer(component, request, piece, Err(error));
    }
    let arguments = ring::StampArguments { offset: lent.offset, size_bytes: lent.size_bytes };
    component.call(next, "stamp", arguments.write(), DEADLINE, move |component, stamped| {
        let text = stamped.as_ref().map_err(Clone::clone).and_then(|_| read(component.lease(next), lent));
        if let Some(lease) = component.lease(next) {
            lease.give(lent, &stamped);
        }
        answer(component, request, piece, text);
    });
}

fn answer(component: &mut Component, request: Request, piece: Piece, text: Result<String, Error>) {
    match text.and_then(|text| write(component.lease_of(request), piece, &text)) {
        Ok(()) => drop(component.answer(request, Value::Nil)),
        Err(error) => drop(component.refuse(request, &error.code, &error.message)),
    }
}
