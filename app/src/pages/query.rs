//! The query of an address: read leniently, written one way.

/// The value of a parameter, decoded; `None` where it is absent or blank.
#[must_use]
pub fn get(query: &str, name: &str) -> Option<String> {
    let value = query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))?.1;
    Some(decode(value).trim().to_owned()).filter(|value| !value.is_empty())
}

/// A parameter's value as something else; `None` where it is absent or no such thing.
#[must_use]
pub fn parse<T: std::str::FromStr>(query: &str, name: &str) -> Option<T> {
    get(query, name)?.parse().ok()
}

/// Writes a query of those pairs that have a value.
#[must_use]
pub fn write<'a>(pairs: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let pairs = pairs.into_iter().filter(|(_, value)| !value.is_empty());
    pairs.map(|(name, value)| format!("{name}={}", encode(&value))).collect::<Vec<_>>().join("&")
}

/// Percent-encodes what has a meaning of its own in a query.
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' | b':' | b',' => {
                out.push(char::from(byte));
            }
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

/// Undoes percent-encoding and `+`; what is not UTF-8 is replaced.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let pair = bytes.get(at + 1..at + 3).filter(|hex| hex.iter().all(u8::is_ascii_hexdigit));
        let pair = pair.and_then(|hex| std::str::from_utf8(hex).ok());
        match (byte, pair.and_then(|hex| u8::from_str_radix(hex, 16).ok())) {
            (b'%', Some(value)) => {
                out.push(value);
                at += 2;
            }
            (b'+', _) => out.push(b' '),
            _ => out.push(byte),
        }
        at += 1;
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for text in ["Paris", "a b&c=d+e%", "Université « Paris »", "2026-12-03T14:00:00Z", "#/?"] {
            let query =
                write([("empty", String::new()), ("text", text.to_owned()), ("page", "2".to_owned())]);
            assert_eq!(get(&query, "text").as_deref(), Some(text));
            assert_eq!(parse::<u32>(&query, "page"), Some(2));
            assert_eq!(get(&query, "empty"), None);
        }
    }

    #[test]
    fn nothing_breaks_it() {
        for (query, value) in [
            ("", None),
            ("q", None),
            ("q=", None),
            ("q=%", Some("%")),
            ("q=%zz+1", Some("%zz 1")),
            ("q=%C3%A9t%C3%A9", Some("été")),
            ("q=%E", Some("%E")),
            ("q=%+1", Some("% 1")),
            ("x=1&q=a=b", Some("a=b")),
        ] {
            assert_eq!(get(query, "q").as_deref(), value, "{query}");
        }
    }
}
