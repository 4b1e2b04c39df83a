//! What a person wrote and what the server does not have yet. It is kept in the browser, message by message, so that
//! no reload and no lost connection loses it; tabs do not write over each other's.

use leptos::prelude::window;
use web_sys::Storage;

/// Where messages of all people and threads are kept.
const PLACE: &str = "lectern-outbox/";

/// A message that is on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// Its name: sent again under it, it is the same message. Names of one browser sort as they were given.
    pub name: String,
    /// What it says.
    pub text: String,
    /// How far it is.
    pub state: State,
}

impl Draft {
    /// When it was written, as its name says: milliseconds.
    pub(super) fn written_ms(&self) -> f64 {
        self.name.split('-').next().and_then(|at| at.parse().ok()).unwrap_or_default()
    }
}

/// How far a message is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// It will be sent.
    Waiting,
    /// It is being sent.
    Sending,
    /// The server could not be reached: it is tried again.
    Lost,
    /// The server does not take it, and says why.
    Refused(String),
    /// The server has it, and the page will show it.
    Sent,
}

impl State {
    /// Whether it is still to be sent, without anybody's doing.
    pub(super) const fn is_due(&self) -> bool {
        matches!(self, State::Waiting | State::Lost)
    }
}

/// A name for a message that is written at `now_ms`, after one that was written at `last_ms`; chance keeps two tabs
/// apart.
pub(crate) fn name(now_ms: f64, last_ms: f64, chance: f64) -> (String, f64) {
    let at = now_ms.max(last_ms + 1.0);
    let tail = format!("{chance:.12}");
    (format!("{at:014.0}-{}", tail.trim_start_matches("0.")), at)
}

/// Where one person's messages in one thread are kept, or what else a browser has to tell of theirs. A browser that
/// keeps nothing loses them with the page.
#[derive(Clone, Debug)]
pub(crate) struct Shelf(String);

impl Shelf {
    pub(crate) fn new(user: &str, thread: &str) -> Self {
        Shelf(format!("{PLACE}{user}/{thread}/"))
    }

    /// What is kept, in the order in which it was written.
    pub(crate) fn drafts(&self) -> Vec<Draft> {
        let Some(storage) = storage() else { return Vec::new() };
        let mut drafts: Vec<Draft> = keys(&storage)
            .into_iter()
            .filter_map(|key| {
                let name = key.strip_prefix(&self.0)?.to_owned();
                let text = storage.get_item(&key).ok()??;
                Some(Draft { name, text, state: State::Waiting })
            })
            .collect();
        drafts.sort_by(|one, other| one.name.cmp(&other.name));
        drafts
    }

    pub(crate) fn keep(&self, draft: &Draft) {
        if let Some(storage) = storage() {
            let _ = storage.set_item(&self.key(&draft.name), &draft.text);
        }
    }

    pub(crate) fn forget(&self, name: &str) {
        if let Some(storage) = storage() {
            let _ = storage.remove_item(&self.key(name));
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.0)
    }
}

/// Forgets everything that was kept, of everybody: whoever signs out leaves nothing behind.
pub(crate) fn forget_all() {
    let Some(storage) = storage() else { return };
    for key in keys(&storage).into_iter().filter(|key| key.starts_with(PLACE)) {
        let _ = storage.remove_item(&key);
    }
}

fn storage() -> Option<Storage> {
    window().local_storage().ok().flatten()
}

fn keys(storage: &Storage) -> Vec<String> {
    let count = storage.length().unwrap_or_default();
    (0..count).filter_map(|index| storage.key(index).ok().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_as_they_were_given_also_when_the_clock_goes_back() {
        let (mut last, mut names) = (0.0, Vec::new());
        for (now, chance) in [(1e12, 0.9), (1e12, 0.0), (9e11, 0.5), (2e12, 0.123_456_789_012_34)] {
            let (name, at) = name(now, last, chance);
            let draft = Draft { name: name.clone(), text: String::new(), state: State::Waiting };
            // As after a reload.
            last = draft.written_ms();
            assert!((last - at).abs() < 0.5, "{name}");
            names.push(name);
        }
        assert!(names.is_sorted(), "{names:?}");
        assert_eq!(names[3], "02000000000000-123456789012");
        assert!(names.iter().all(|name| name.len() <= 100 && !name.contains('/')));
    }

    #[test]
    fn what_is_refused_waits_for_a_person() {
        for (state, is_due) in [
            (State::Waiting, true),
            (State::Lost, true),
            (State::Sending, false),
            (State::Sent, false),
            (State::Refused(String::new()), false),
        ] {
            assert_eq!(state.is_due(), is_due, "{state:?}");
        }
    }
}
