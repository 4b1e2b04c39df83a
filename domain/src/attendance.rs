//! Evidence of attendance: an append-only list for each lesson, each record sealed by the hash of all before it.
//! Whoever holds the last hash can tell whether a record was changed, left out or put in later.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{booking::Party, ids::LessonId};

/// What was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A party was let into the meeting.
    Join,
    /// A party was not let in.
    JoinRefused,
    /// A party left the meeting.
    Left,
    /// The tutor marked the student absent.
    MarkedNoShow,
    /// The meeting ended.
    Ended,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] = [Kind::Join, Kind::JoinRefused, Kind::Left, Kind::MarkedNoShow, Kind::Ended];

    /// The name in the database and in the chain.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Join => "join",
            Kind::JoinRefused => "join_refused",
            Kind::Left => "left",
            Kind::MarkedNoShow => "marked_no_show",
            Kind::Ended => "ended",
        }
    }

    /// Reads a name of the database.
    #[must_use]
    pub fn parse(text: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == text)
    }
}

/// A piece of evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// What was seen.
    pub kind: Kind,
    /// Of whom; `None` for what concerns the meeting as a whole.
    pub party: Option<Party>,
    /// Who says so: `lectern` for our own link and pages, `browser` for what a browser told of afterwards, else the
    /// video provider's name.
    pub source: String,
    /// The reason of a refusal, the id of a provider's event, the browser's own name for a click.
    pub reference: Option<String>,
    /// When it happened, as the source says.
    pub at: DateTime<Utc>,
    /// When a browser told of it, by our clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<DateTime<Utc>>,
}

/// What stands before the first record.
pub const START: [u8; 32] = [0; 32];

/// The hash of a record and all before it: SHA-256 over seven lines, namely the hash before (hex), the lesson,
/// kind, party, source, reference and the microseconds since 1970; what is absent is an empty line. Where a browser told
/// of it, the microseconds since 1970 at which it did are an eighth line.
#[must_use]
pub fn seal(before: &[u8], lesson: LessonId, record: &Record) -> [u8; 32] {
    let mut text = String::with_capacity(256);
    for byte in before {
        let _ = std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}"));
    }
    let party = record.party.map_or("", Party::name);
    let reference = record.reference.as_deref().unwrap_or_default();
    let (lesson, micros) = (lesson.to_string(), record.at.timestamp_micros().to_string());
    let told = record.told_at.map(|at| at.timestamp_micros().to_string());
    let lines = [&*lesson, record.kind.name(), party, &*record.source, reference, &*micros];
    for line in lines.into_iter().chain(told.as_deref()) {
        text.push('\n');
        // A line break within would let two different records read the same.
        text.extend(line.chars().map(|c| if c == '\n' { ' ' } else { c }));
    }
    Sha256::digest(text.as_bytes()).into()
}

/// The first record that does not fit what is before it, by its place; `None` for a whole chain.
#[must_use]
pub fn broken(lesson: LessonId, records: &[(Record, Vec<u8>)]) -> Option<usize> {
    let mut before: &[u8] = &START;
    for (place, (record, hash)) in records.iter().enumerate() {
        if seal(before, lesson, record)[..] != hash[..] {
            return Some(place);
        }
        before = hash;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain() -> (LessonId, Vec<(Record, Vec<u8>)>) {
        let lesson = LessonId(uuid::Uuid::from_u128(7));
        let at = |second: i64| DateTime::from_timestamp(1_800_000_000 + second, 0).expect("a valid instant");
        let record = |kind, party, second| Record {
            kind,
            party,
            source: "lectern".into(),
            reference: None,
            at: at(second),
            told_at: None,
        };
        let told = Record {
            source: "browser".into(),
            reference: Some("a click".into()),
            told_at: Some(at(300)),
            ..record(Kind::Join, Some(Party::Student), 60)
        };
        let mut before = START.to_vec();
        let mut records = Vec::new();
        for record in [
            record(Kind::JoinRefused, Some(Party::Student), 0),
            record(Kind::Join, Some(Party::Tutor), 5),
            told,
            record(Kind::MarkedNoShow, Some(Party::Tutor), 1200),
            record(Kind::Ended, None, 3600),
        ] {
            let hash = seal(&before, lesson, &record).to_vec();
            before.clone_from(&hash);
            records.push((record, hash));
        }
        (lesson, records)
    }

    #[test]
    fn whatever_is_changed_left_out_or_put_in_breaks_the_chain() {
        let (lesson, records) = chain();
        assert_eq!(broken(lesson, &records), None);
        assert_eq!(broken(lesson, &records[..2]), None);
        assert_eq!(broken(lesson, &records[1..]), Some(0));
        assert_eq!(broken(LessonId(uuid::Uuid::from_u128(8)), &records), Some(0));
        let changed = |place: usize, change: fn(&mut Record)| {
            let mut records = records.clone();
            change(&mut records[place].0);
            broken(lesson, &records)
        };
        for place in 0..records.len() {
            assert_eq!(changed(place, |record| record.at += chrono::TimeDelta::microseconds(1)), Some(place));
            assert_eq!(changed(place, |record| record.source.push('x')), Some(place));
            assert_eq!(changed(place, |record| record.reference = Some("x".into())), Some(place));
            let told = |record: &mut Record| {
                record.told_at =
                    Some(record.told_at.unwrap_or_default() + chrono::TimeDelta::microseconds(1));
            };
            assert_eq!(changed(place, told), Some(place));
        }
        assert_eq!(changed(1, |record| record.party = Some(Party::Student)), Some(1));
        assert_eq!(changed(2, |record| record.told_at = None), Some(2));
        assert_eq!(changed(1, |record| record.kind = Kind::JoinRefused), Some(1));
        let mut without = records.clone();
        without.remove(1);
        assert_eq!(broken(lesson, &without), Some(1));
    }

    #[test]
    fn a_seal_is_what_it_says_it_is() {
        let (lesson, records) = chain();
        let text =
            format!("{}\n{lesson}\njoin_refused\nstudent\nlectern\n\n1800000000000000", "00".repeat(32));
        assert_eq!(records[0].1, Sha256::digest(text.as_bytes()).to_vec());
        let before: String = records[1].1.iter().map(|byte| format!("{byte:02x}")).collect();
        let text = format!(
            "{before}\n{lesson}\njoin\nstudent\nbrowser\na click\n1800000060000000\n1800000300000000"
        );
        assert_eq!(records[2].1, Sha256::digest(text.as_bytes()).to_vec());
    }
}
