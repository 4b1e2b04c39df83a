//! The address of a tutor's page, from the name.

use deunicode::deunicode;

use crate::tutor::is_id;

/// At most this many characters before the number.
const MOST: usize = 60;

/// How many of one name get an address.
const SAME_NAME: usize = 10_000;

/// The name in lower-case ASCII letters and digits, words joined by hyphens: `Ana López` becomes
/// `ana-lopez`. `tutor` where nothing is left; never something that reads as an id.
pub(crate) fn base(name: &str) -> String {
    let plain = deunicode(name).to_lowercase().replace('\'', "");
    let words: Vec<_> = plain.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).collect();
    let mut slug = words.join("-");
    slug.truncate(MOST);
    let slug = slug.trim_end_matches('-');
    match slug {
        "" => "tutor".into(),
        slug if is_id(slug) => format!("tutor-{slug}"),
        slug => slug.into(),
    }
}

/// The addresses that a name may take, in order: `ana-lopez`, `ana-lopez-2`, `ana-lopez-3`, …
pub(crate) fn candidates(base: &str) -> impl Iterator<Item = String> {
    let numbered = (2..=SAME_NAME).map(move |number| format!("{base}-{number}"));
    std::iter::once(base.to_owned()).chain(numbered)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_addresses() {
        for (name, slug) in [
            ("Ana López", "ana-lopez"),
            ("  Zoë   O'Brien-Smith ", "zoe-obrien-smith"),
            ("Łukasz Żółć", "lukasz-zolc"),
            ("Söñke Groß", "sonke-gross"),
            ("今井", "jin-jing"),
            ("Анна", "anna"),
            ("!!!", "tutor"),
            ("\u{200b}", "tutor"),
            ("550e8400-e29b-41d4-a716-446655440000", "tutor-550e8400-e29b-41d4-a716-446655440000"),
            ("../../etc", "etc"),
        ] {
            assert_eq!(base(name), slug, "{name}");
        }
        assert!(base(&"x y".repeat(100)).len() <= MOST);
        assert_eq!(candidates("a").take(3).collect::<Vec<_>>(), ["a", "a-2", "a-3"]);
    }
}
