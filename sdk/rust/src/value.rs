//! MessagePack values: what may cross a channel. Source of the format: msgpack/spec.md, "Formats".

/// One value. Integers beyond `i64` and extension types have no meaning on a channel.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Number(f64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Value>),
    /// In the order of the message; keys are text.
    Map(Vec<(String, Value)>),
}

/// Deep enough for a system description, shallow enough for every recursive reader.
const MAX_DEPTH: usize = 64;
/// A value takes 32 bytes and may be announced by one: a frame of 1 MiB must not become 32 MiB. TypeScript's library sends
/// at most half as many items and members (a name counts here).
const MAX_VALUES: usize = 131_072;

impl Value {
    pub fn map<const N: usize>(members: [(&str, Value); N]) -> Value {
        Value::Map(members.into_iter().map(|(key, value)| (key.to_string(), value)).collect())
    }

    pub fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(members) => members.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(value) => Some(*value),
            _ => None,
        }
    }

    /// An integer counts as a number.
    pub fn as_number(&self) -> Option<f64> {
        match self {
            Value::Int(value) => Some(*value as f64),
            Value::Number(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(value) => Some(value),
            _ => None,
        }
    }

    pub fn as_array(&self) -> Option<&[Value]> {
        match self {
            Value::Array(values) => Some(values),
            _ => None,
        }
    }

    /// The members of a map that has exactly these; for the readers that `bulkhead build` generates.
    pub fn members<const N: usize>(&self, names: [&str; N]) -> Option<[&Value; N]> {
        match self {
            Value::Map(members) if members.len() == N => {
                let mut found = [&Value::Nil; N];
                for (place, name) in found.iter_mut().zip(names) {
                    *place = self.get(name)?;
                }
                Some(found)
            }
            _ => None,
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8],
    /// How many more values may be announced: each needs a byte of its own, so what decoding takes is bounded by what was sent.
    budget: usize,
}

/// The one value that `bytes` are; `None` where they are something else.
pub fn decode(bytes: &[u8]) -> Option<Value> {
    let mut reader = Reader { bytes, budget: bytes.len().min(MAX_VALUES) };
    let value = reader.value(0)?;
    if reader.bytes.is_empty() {
        Some(value)
    } else {
        None
    }
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        if count > self.bytes.len() {
            return None;
        }
        let (taken, rest) = self.bytes.split_at(count);
        self.bytes = rest;
        Some(taken)
    }

    fn unsigned(&mut self, width: usize) -> Option<u64> {
        Some(self.take(width)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn signed(&mut self, width: usize) -> Option<Value> {
        let sign = 1u64 << (8 * width - 1);
        let value = self.unsigned(width)?;
        Some(Value::Int((value ^ sign).wrapping_sub(sign) as i64))
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        let lead = self.take(1)?[0];
        Some(match lead {
            0x00..=0x7f => Value::Int(i64::from(lead)),
            0x80..=0x8f => self.map(usize::from(lead & 0x0f), depth)?,
            0x90..=0x9f => self.array(usize::from(lead & 0x0f), depth)?,
            0xa0..=0xbf => self.text(usize::from(lead & 0x1f))?,
            0xc0 => Value::Nil,
            0xc2 => Value::Bool(false),
            0xc3 => Value::Bool(true),
            0xc4..=0xc6 => {
                let size = self.unsigned(1 << (lead - 0xc4))?;
                Value::Bytes(self.take(usize::try_from(size).ok()?)?.to_vec())
            }
            0xca => Value::Number(f64::from(f32::from_bits(self.unsigned(4)? as u32))),
            0xcb => Value::Number(f64::from_bits(self.unsigned(8)?)),
            0xcc..=0xcf => Value::Int(i64::try_from(self.unsigned(1 << (lead - 0xcc))?).ok()?),
            0xd0..=0xd3 => self.signed(1 << (lead - 0xd0))?,
            0xd9..=0xdb => {
                let size = self.unsigned(1 << (lead - 0xd9))?;
                self.text(usize::try_from(size).ok()?)?
            }
            0xdc | 0xdd => {
                let size = self.unsigned(2 << (lead - 0xdc))?;
                self.array(usize::try_from(size).ok()?, depth)?
            }
            0xde | 0xdf => {
                let size = self.unsigned(2 << (lead - 0xde))?;
                self.map(usize::try_from(size).ok()?, depth)?
            }
            0xe0..=0xff => Value::Int(i64::from(lead as i8)),
            _ => return None,
        })
    }

    fn text(&mut self, size: usize) -> Option<Value> {
        Some(Value::Text(String::from_utf8_lossy(self.take(size)?).into_owned()))
    }

    fn announce(&mut self, values: usize, depth: usize) -> Option<()> {
        if values > self.budget || (values > 0 && depth == MAX_DEPTH) {
            return None;
        }
        self.budget -= values;
        Some(())
    }

    fn array(&mut self, size: usize, depth: usize) -> Option<Value> {
        self.announce(size, depth)?;
        // The space grows with what is there, not with what is announced.
        let mut values = Vec::new();
        for _ in 0..size {
            values.push(self.value(depth + 1)?);
        }
        Some(Value::Array(values))
    }

    fn map(&mut self, size: usize, depth: usize) -> Option<Value> {
        self.announce(size.checked_mul(2)?, depth)?;
        let mut members = Vec::new();
        for _ in 0..size {
            match self.value(depth + 1)? {
                Value::Text(key) => members.push((key, self.value(depth + 1)?)),
                _ => return None,
            }
        }
        Some(Value::Map(members))
    }
}

/// The bytes of `value`, appended to `out`, each part in its shortest form.
pub fn encode(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Nil => out.push(0xc0),
        Value::Bool(value) => out.push(if *value { 0xc3 } else { 0xc2 }),
        Value::Int(value) => encode_int(*value, out),
        Value::Number(value) => put(0xcb, value.to_bits(), 8, out),
        Value::Text(text) => {
            if text.len() < 32 {
                out.push(0xa0 | text.len() as u8);
            } else {
                put_size([0xd9, 0xda, 0xdb], text.len(), out);
            }
            out.extend_from_slice(text.as_bytes());
        }
        Value::Bytes(bytes) => {
            put_size([0xc4, 0xc5, 0xc6], bytes.len(), out);
            out.extend_from_slice(bytes);
        }
        Value::Array(values) => {
            put_count(0x90, [0xdc, 0xdd], values.len(), out);
            for value in values {
                encode(value, out);
            }
        }
        Value::Map(members) => {
            put_count(0x80, [0xde, 0xdf], members.len(), out);
            for (key, value) in members {
                encode(&Value::Text(key.clone()), out);
                encode(value, out);
            }
        }
    }
}

fn put(lead: u8, value: u64, width: usize, out: &mut Vec<u8>) {
    out.push(lead);
    out.extend_from_slice(&value.to_be_bytes()[8 - width..]);
}

fn encode_int(value: i64, out: &mut Vec<u8>) {
    let bits = value as u64;
    match value {
        -32..=127 => out.push(bits as u8),
        128..=0xff => put(0xcc, bits, 1, out),
        0x100..=0xffff => put(0xcd, bits, 2, out),
        0x1_0000..=0xffff_ffff => put(0xce, bits, 4, out),
        0x1_0000_0000..=i64::MAX => put(0xcf, bits, 8, out),
        -0x80..=-33 => put(0xd0, bits, 1, out),
        -0x8000..=-0x81 => put(0xd1, bits, 2, out),
        -0x8000_0000..=-0x8001 => put(0xd2, bits, 4, out),
        _ => put(0xd3, bits, 8, out),
    }
}

fn put_size(leads: [u8; 3], size: usize, out: &mut Vec<u8>) {
    match size {
        0..=0xff => put(leads[0], size as u64, 1, out),
        0x100..=0xffff => put(leads[1], size as u64, 2, out),
        _ => put(leads[2], size as u64, 4, out),
    }
}

fn put_count(short: u8, leads: [u8; 2], count: usize, out: &mut Vec<u8>) {
    match count {
        0..=15 => out.push(short | count as u8),
        16..=0xffff => put(leads[0], count as u64, 2, out),
        _ => put(leads[1], count as u64, 4, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let ints = [0, 127, 128, 255, 256, 65_535, 65_536, 1 << 32, i64::MAX, -1, -32, -33, -128, -129, -32_769, i64::MIN];
        let mut values: Vec<Value> = ints.into_iter().map(Value::Int).collect();
        values.extend([Value::Nil, Value::Bool(true), Value::Number(0.5), Value::Bytes(vec![7; 300])]);
        values.extend([31, 32, 256, 70_000].map(|length| Value::Text("a".repeat(length))));
        let value = Value::map([("all", Value::Array(values))]);
        let mut bytes = Vec::new();
        encode(&value, &mut bytes);
        assert_eq!(decode(&bytes), Some(value));
        for end in 0..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None);
        }
    }

    #[test]
    fn what_announces_more_than_it_holds_is_refused() {
        assert_eq!(decode(&[0xdd, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(decode(&[0x91; 1000]), None);
        assert_eq!(decode(&[0xc1]), None);
        assert_eq!(decode(&[0xcf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]), None);
    }

    #[test]
    fn more_values_than_a_small_component_can_hold_are_refused() {
        let array = |count: u32| [&[0xdd][..], &count.to_be_bytes(), &vec![0xc0; count as usize]].concat();
        assert!(decode(&array(MAX_VALUES as u32)).is_some());
        assert_eq!(decode(&array(MAX_VALUES as u32 + 1)), None);
    }
}
