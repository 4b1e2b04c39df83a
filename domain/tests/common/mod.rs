//! What several tests share.
#![allow(dead_code, reason = "each test uses a part")]

pub mod oracle;

use chrono::{DateTime, NaiveDateTime, Utc};
use domain::zone::Zone;

/// How many zones there are, by their present names.
pub const ZONES: usize = 497;

pub fn zone(name: &str) -> Zone {
    Zone::parse(name).unwrap()
}

pub fn utc(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// From `2027-03-14T02:30`.
pub fn local(text: &str) -> NaiveDateTime {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M").unwrap()
}

/// The TZif file of a zone, out of the packed data.
pub fn tzif(name: &str) -> Vec<u8> {
    let packed = include_bytes!("../../data/tzdata.bin");
    let end = packed.windows(2).position(|pair| pair == b"\n\n").unwrap();
    let header = std::str::from_utf8(&packed[..end]).unwrap();
    let mut fields = header
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>())
        .find(|fields| fields[0] == name)
        .unwrap()
        .into_iter()
        .skip(1)
        .map(|field| field.parse::<usize>().unwrap());
    let (offset, length) = (fields.next().unwrap(), fields.next().unwrap());
    packed[end + 2 + offset..][..length].to_vec()
}
