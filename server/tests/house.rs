//! The house keeps its own rules: what may know what, one clock, one zone module, every sentence in
//! every language.

#![expect(clippy::expect_used, reason = "a test says what it expects")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Every file below the folders with one of the endings, with its text.
fn files(folders: &[&str], endings: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut open: Vec<PathBuf> = folders.iter().map(|folder| root().join(folder)).collect();
    while let Some(path) = open.pop() {
        if path.is_dir() {
            open.extend(fs::read_dir(&path).expect("a folder").map(|entry| entry.expect("an entry").path()));
        } else if endings.iter().any(|ending| path.to_string_lossy().ends_with(ending)) {
            let name = path.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            found.push((name, fs::read_to_string(&path).expect("text")));
        }
    }
    assert!(!found.is_empty(), "no files in {folders:?}");
    found
}

/// The places where a text stands, as `file:line`.
fn places(files: &[(String, String)], wanted: impl Fn(&str) -> bool) -> Vec<String> {
    files
        .iter()
        .flat_map(|(name, text)| text.lines().enumerate().map(move |(number, line)| (name, number, line)))
        .filter(|(_, _, line)| !line.trim_start().starts_with("//") && !line.trim_start().starts_with("--"))
        .filter(|(_, _, line)| wanted(line))
        .map(|(name, number, _)| format!("{name}:{}", number + 1))
        .collect()
}

#[test]
fn the_server_s_part_of_the_app_stands_behind_one_door() {
    let doors = places(&files(&["app/src"], &[".rs"]), |line| line.contains("feature = \"ssr\""));
    assert_eq!(doors.len(), 1, "{doors:?}");
}

#[test]
fn each_crate_knows_only_what_it_may() {
    for (folder, foreign) in [
        ("domain/src", &["sqlx", "tokio", "axum", "leptos", "async fn", "services::"][..]),
        ("services/src", &["axum::", "leptos", "app::"][..]),
        ("app/src", &["sqlx", "use server", "crate::server"][..]),
        ("frontend/src", &["services", "domain", "sqlx"][..]),
    ] {
        let files = files(&[folder], &[".rs"]);
        for word in foreign {
            let found = places(&files, |line| line.contains(word));
            assert!(found.is_empty(), "{folder} must not know {word}: {found:?}");
        }
    }
}

#[test]
fn no_sql_asks_for_the_time_or_turns_wall_time() {
    let files = files(&["services/src", "server/src", "migrations"], &[".rs", ".sql"]);
    for word in ["AT TIME ZONE", "NOW()", "CURRENT_TIMESTAMP", "CLOCK_TIMESTAMP", "CURRENT_DATE"] {
        // Functions of ours with the same name, in Rust; and the queue, whose library runs on the database's clock.
        let own_now = ["services/src/clock.rs", "services/src/testing.rs", "services/src/jobs/"];
        // `clock.now()` is ours: only the bare function of SQL is meant.
        let found = places(&files, |line| {
            let line = line.to_uppercase();
            line.match_indices(word).any(|(at, _)| !line[..at].ends_with(['.', '_', ':']))
        });
        let found: Vec<_> =
            found.iter().filter(|place| !own_now.iter().any(|file| place.starts_with(file))).collect();
        assert!(found.is_empty(), "{word}: {found:?}");
    }
}

/// A locale file as `group.key` → sentence.
fn sentences(tag: &str) -> BTreeMap<String, String> {
    fn walk(prefix: &str, value: &serde_json::Value, into: &mut BTreeMap<String, String>) {
        match value {
            serde_json::Value::Object(map) => {
                for (key, value) in map {
                    let name = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
                    walk(&name, value, into);
                }
            }
            serde_json::Value::String(text) => {
                into.insert(prefix.to_owned(), text.clone());
            }
            other => panic!("{prefix}: {other} is no sentence"),
        }
    }
    let text =
        fs::read_to_string(root().join("app/locales").join(format!("{tag}.json"))).expect("a locale file");
    let mut into = BTreeMap::new();
    walk("", &serde_json::from_str(&text).expect("JSON"), &mut into);
    into
}

/// A key without its plural form: `free_one` and `free_other` are one key.
fn base(key: &str) -> &str {
    ["_zero", "_one", "_two", "_few", "_many", "_other"]
        .iter()
        .find_map(|form| key.strip_suffix(form))
        .unwrap_or(key)
}

fn placeholders(sentence: &str) -> BTreeSet<&str> {
    sentence
        .split("{{")
        .skip(1)
        .filter_map(|rest| rest.split_once("}}"))
        .map(|(name, _)| name.trim())
        .collect()
}

#[test]
fn every_sentence_stands_in_every_language() {
    let english = sentences("en");
    let french = sentences("fr");
    let keys = |sentences: &BTreeMap<String, String>| {
        sentences.keys().map(|key| base(key).to_owned()).collect::<BTreeSet<_>>()
    };
    assert_eq!(keys(&english), keys(&french));
    for (key, sentence) in english.iter().chain(&french) {
        assert!(!sentence.is_empty(), "{key} is empty");
    }
    for (key, sentence) in &english {
        if let Some(other) = french.get(key) {
            assert_eq!(placeholders(sentence), placeholders(other), "{key}");
        }
    }
}

#[test]
fn every_sentence_is_used() {
    let code: String =
        files(&["app/src", "server/src"], &[".rs"]).into_iter().map(|(_, text)| text).collect();
    let words: BTreeSet<&str> = code.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
    let squeezed: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    // These groups are looked up by a name that comes from `domain`.
    let by_name = ["error", "field", "state"];
    let unused: Vec<_> = sentences("en")
        .keys()
        .map(|key| base(key).to_owned())
        .filter(|key| {
            let (group, name) = key.split_once('.').unwrap_or(("", key));
            if by_name.contains(&group) { !words.contains(name) } else { !squeezed.contains(key.as_str()) }
        })
        .collect();
    assert!(unused.is_empty(), "{unused:?}");
}

#[test]
fn every_refusal_has_its_sentence() {
    let known: BTreeSet<String> =
        sentences("en").keys().filter_map(|key| key.strip_prefix("error.").map(str::to_owned)).collect();
    let mut missing = BTreeSet::new();
    for (name, text) in files(&["domain/src", "services/src", "app/src", "server/src"], &[".rs"]) {
        for opening in ["Refusal::new(", "Refusal::on("] {
            for (at, _) in text.match_indices(opening) {
                let call: String = text[at..].chars().take(200).collect();
                let call = call.split(')').next().unwrap_or_default();
                // The key is the second argument; where it is no literal, it comes from a place that is read too.
                let key =
                    call.split(',').nth(1).and_then(|word| word.trim().strip_prefix('"')?.strip_suffix('"'));
                if let Some(key) = key.filter(|key| !known.contains(*key)) {
                    missing.insert(format!("{name}: {key}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
