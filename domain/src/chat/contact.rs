//! Finding contact data in a text: e-mail addresses, phone numbers, links.
//!
//! It keeps two people who have not booked yet from settling outside of the platform by habit. Who is
//! determined can write around it; a false alarm costs a word, so that figures of ordinary lessons
//! (dates, years, prices, ranges, decimals) are let through.

use std::ops::Range;

/// What stands where contact data was.
pub const MASK: &str = "•••";

/// Domains without a path are links only under these endings: others are words after a full stop
/// that lacks its blank.
const ENDINGS: [&str; 22] = [
    "com", "org", "net", "fr", "eu", "uk", "ch", "ca", "de", "io", "co", "app", "dev", "info", "biz", "edu",
    "link", "page", "site", "online", "gg", "tv",
];

/// Endings of files that say nothing else.
const FILE_ENDINGS: [&str; 5] = ["pdf", "jpg", "jpeg", "png", "webp"];

/// What may stand between the digits of a phone number.
const SEPARATORS: [char; 11] =
    [' ', '\u{a0}', '\u{202f}', '.', '-', '\u{2010}', '\u{2011}', '–', '/', '(', ')'];

/// The text with [`MASK`] in place of its e-mail addresses, phone numbers and links; `None` where it has none.
#[must_use]
pub fn mask(text: &str) -> Option<String> {
    let mut spans = written_contacts(text);
    spans.extend(phone_numbers(text));
    without(text, spans)
}

/// The same for the name of a file: its ending stays, and words may also be parted by `_`.
#[must_use]
pub fn mask_file_name(name: &str) -> Option<String> {
    let is_kept = |ending: &str| FILE_ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known));
    let at = name.rfind('.').filter(|at| is_kept(&name[at + 1..])).unwrap_or(name.len());
    let (stem, ending) = name.split_at(at);
    let mut spans = written_contacts(stem);
    // As long in bytes: the places are the same.
    spans.extend(written_contacts(&stem.replace('_', " ")));
    spans.extend(phone_numbers(stem));
    without(stem, spans).map(|masked| masked + ending)
}

/// The text with [`MASK`] in these places; `None` without any.
fn without(text: &str, mut spans: Vec<Range<usize>>) -> Option<String> {
    if spans.is_empty() {
        return None;
    }
    spans.sort_by_key(|span| span.start);
    let mut masked = String::with_capacity(text.len());
    let mut end = 0;
    for span in spans {
        if span.start >= end {
            masked.push_str(&text[end..span.start]);
            masked.push_str(MASK);
        }
        end = end.max(span.end);
    }
    masked.push_str(&text[end..]);
    Some(masked)
}

/// Words that are e-mail addresses or links, without the punctuation around them.
fn written_contacts(text: &str) -> Vec<Range<usize>> {
    let words = text.split_whitespace().filter_map(|word| {
        let core = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '/');
        (is_address(core) || is_link(core)).then_some(core)
    });
    // The words are slices of the text: their addresses say where.
    words
        .map(|core| {
            let start = core.as_ptr() as usize - text.as_ptr() as usize;
            start..start + core.len()
        })
        .collect()
}

/// `ada@example.org`, also `ada(at)example.org`.
fn is_address(word: &str) -> bool {
    let word = word.to_lowercase().replace("(at)", "@").replace("[at]", "@");
    word.split_once('@').is_some_and(|(local, host)| !local.is_empty() && is_domain(host, |_| true))
}

/// An address with a scheme, a domain with a path, or a domain that can be nothing else.
fn is_link(word: &str) -> bool {
    let word = word.to_lowercase();
    if let Some((scheme, rest)) = word.split_once("://") {
        return !scheme.is_empty() && !rest.is_empty();
    }
    match word.split_once(['/', '?', '#']) {
        Some((host, _)) => is_domain(host, |_| true),
        None => is_domain(&word, |ending| word.starts_with("www.") || ENDINGS.contains(&ending)),
    }
}

/// At least two labels, the last of letters: `example.org`, with or without a port.
fn is_domain(host: &str, accepts: impl Fn(&str) -> bool) -> bool {
    let host = host.split(':').next().unwrap_or_default();
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    let Some((rest, ending)) = host.rsplit_once('.') else { return false };
    let letters = ending.chars().count() >= 2 && ending.chars().all(char::is_alphabetic);
    letters && rest.split('.').all(label) && accepts(ending)
}

/// Where phone numbers stand.
fn phone_numbers(text: &str) -> Vec<Range<usize>> {
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let mut found = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].1.is_numeric() {
            at += 1;
        } else if let Some(length) = date(&chars[at..]) {
            at += length;
        } else {
            let number = Number::read(&chars, at);
            if number.is_phone() {
                found.push(number.span(text, &chars));
            }
            at = number.end;
        }
    }
    found
}

/// How many characters a date takes that begins here: `2026-12-01`, `1/12/2026`, `01.12.2026`.
fn date(chars: &[(usize, char)]) -> Option<usize> {
    let mut lengths = Vec::with_capacity(3);
    let mut at = 0;
    let mut separator = None;
    for part in 0..3 {
        let digits = chars[at..].iter().take_while(|(_, c)| c.is_numeric()).count();
        lengths.push(digits);
        at += digits;
        if part < 2 {
            let next = chars.get(at).map(|(_, c)| *c).filter(|c| ['-', '/', '.'].contains(c))?;
            if *separator.get_or_insert(next) != next {
                return None;
            }
            at += 1;
        }
    }
    let is_date = matches!(lengths[..], [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4]);
    is_date.then_some(at)
}

/// Digits in groups, as phone numbers are written.
struct Number {
    start: usize,
    end: usize,
    groups: Vec<String>,
    has_plus: bool,
    is_decimal: bool,
}

impl Number {
    /// The longest run of groups from the digit at `start`.
    fn read(chars: &[(usize, char)], start: usize) -> Self {
        let mut groups = Vec::new();
        let (mut at, mut end) = (start, start);
        while chars.get(at).is_some_and(|(_, c)| c.is_numeric())
            && (at == start || date(&chars[at..]).is_none())
        {
            let group: String = chars[at..].iter().map(|(_, c)| *c).take_while(|c| c.is_numeric()).collect();
            end = at + group.chars().count();
            groups.push(group);
            let gap = chars[end..].iter().take_while(|(_, c)| SEPARATORS.contains(c)).count();
            if !(1..=3).contains(&gap) {
                break;
            }
            at = end + gap;
        }
        let before = start.checked_sub(1).and_then(|before| chars.get(before));
        let is_decimal = groups.len() == 2 && groups[0].len() == 1 && chars[start + 1].1 == '.';
        Number { start, end, groups, has_plus: before.is_some_and(|(_, c)| *c == '+'), is_decimal }
    }

    fn is_phone(&self) -> bool {
        let digits: usize = self.groups.iter().map(|group| group.chars().count()).sum();
        if self.has_plus {
            return (7..=15).contains(&digits);
        }
        (9..=17).contains(&digits) && !self.is_decimal && !self.are_years() && !self.is_grouped_amount()
    }

    /// `2024 2025 2026`.
    fn are_years(&self) -> bool {
        self.groups
            .iter()
            .all(|group| group.chars().count() == 4 && (group.starts_with("19") || group.starts_with("20")))
    }

    /// `1 234 567 890`.
    fn is_grouped_amount(&self) -> bool {
        let Some((first, rest)) = self.groups.split_first() else { return false };
        let thousands = !rest.is_empty() && rest.iter().all(|group| group.chars().count() == 3);
        thousands && first.chars().count() < 3 && !first.starts_with('0')
    }

    /// In bytes, with the plus and an opening parenthesis that is closed within the number.
    fn span(&self, text: &str, chars: &[(usize, char)]) -> Range<usize> {
        let mut first = self.start - usize::from(self.has_plus);
        let end = chars.get(self.end).map_or(text.len(), |(at, _)| *at);
        let opens = first > 0 && chars[first - 1].1 == '(';
        if opens && text[chars[first].0..end].contains(')') {
            first -= 1;
        }
        chars[first].0..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contact_data_in_names_of_files_is_masked() {
        for (name, expected) in [
            ("ada@example.org.pdf", Some("•••.pdf")),
            ("ada_lovelace@example.org.PDF", Some("•••.PDF")),
            ("write_to_ada@example.org_please.pdf", Some("write_to_•••_please.pdf")),
            ("example.com.jpg", Some("•••.jpg")),
            ("example.com", Some("•••")),
            ("0612345678.png", Some("•••.png")),
            ("call 06.12.34.56.78.jpeg", Some("call •••.jpeg")),
            ("notes.pdf", None),
            ("chapter 3.2.pdf", None),
            ("IMG_20270301_103015.jpg", None),
            ("Screenshot 2027-03-01 10-30-15.png", None),
            ("WhatsApp Image 2027-03-01 at 10.30.15.jpeg", None),
            ("file", None),
            ("", None),
        ] {
            assert_eq!(mask_file_name(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn contact_data_is_masked() {
        for (text, expected) in [
            ("Write to ada@example.org.", "Write to •••."),
            ("(ada.lovelace+math@mail.example.co.uk)", "(•••)"),
            ("ada(at)example.org or ben[AT]example.org", "••• or •••"),
            ("mailto:ada@example.org", "•••"),
            ("élève@université.fr", "•••"),
            ("see https://example.org/a?b=c#d, please", "see •••, please"),
            ("HTTP://EXAMPLE.ORG", "•••"),
            ("ici:https://example.org", "•••"),
            ("pay at paypal.me/ada", "pay at •••"),
            ("t.me/ada, wa.me/33612345678", "•••, •••"),
            ("www.example.paris", "•••"),
            ("find me on example.com!", "find me on •••!"),
            ("06 12 34 56 78", "•••"),
            ("call 06.12.34.56.78 tonight", "call ••• tonight"),
            ("tel0612345678", "tel•••"),
            ("+33 6 12 34 56 78", "•••"),
            ("+1 (868) 555-1234", "•••"),
            ("(868) 555-1234", "•••"),
            ("(868-555-1234)", "(•••)"),
            ("0033 612345678", "•••"),
            ("+4712345", "•••"),
            ("612\u{a0}345\u{202f}678", "•••"),
            ("٠٦١٢٣٤٥٦٧٨", "•••"),
            ("ada@example.org 0612345678\nhttps://x.org", "••• •••\n•••"),
            ("https://example.org/0612345678", "•••"),
        ] {
            assert_eq!(mask(text).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_lessons_are_about_stays() {
        for text in [
            "",
            "Hello, can we look at integrals?",
            "On 2026-12-01 10:00, or 01.12.2026 14.30",
            "1/12/2026 9.00-10.30",
            "the year 2024-2025, or 2022 2023 2024",
            "500-1000 words",
            "1 234 567 890 people, 10 000 000 €",
            "π is 3.14159265358979",
            "12345678",
            "End.Then the next and/or both",
            "me@home, @ada, f(x)=2x/3, e.g./i.e.",
            "main.rs, node.js and 10.30/11.30",
            "://",
            "…",
        ] {
            assert_eq!(mask(text), None, "{text}");
        }
    }

    #[test]
    fn a_masked_text_has_nothing_left_to_mask_and_is_no_longer() {
        for text in ["a@b.co", "+1234567 +1234567", "x://y", "t.co/1", "0612345678 ada@example.org"] {
            let masked = mask(text).expect("contact data");
            assert_eq!(mask(&masked), None, "{masked}");
            assert!(masked.chars().count() <= text.chars().count(), "{masked}");
        }
    }
}
