//! A message cut into what is shown as it is and what is shown as a link.

/// A part of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Shown as it is.
    Plain(&'a str),
    /// An `http` or `https` address: shown as it is, and leads there.
    Link(&'a str),
}

/// Cuts a text. Only addresses that say `http://` or `https://`, and whose host is plainly readable, become links:
/// none that names a user (`https://bank.example@evil.example`), and no other scheme. Together the pieces are the
/// text.
#[must_use]
pub fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while let Some(found) = text[at..].find("://").map(|found| at + found) {
        let link = scheme(&text[plain..found]).and_then(|length| {
            let start = found - length;
            let end = start + address(&text[start..]);
            host(&text[found + 3..end]).then_some((start, end))
        });
        at = match link {
            Some((start, end)) => {
                if start > plain {
                    pieces.push(Piece::Plain(&text[plain..start]));
                }
                pieces.push(Piece::Link(&text[start..end]));
                plain = end;
                end
            }
            None => found + 3,
        };
    }
    if plain < text.len() {
        pieces.push(Piece::Plain(&text[plain..]));
    }
    pieces
}

/// The length of the scheme that ends here, where it is one of the web's and a word of its own.
fn scheme(before: &str) -> Option<usize> {
    let length = before.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
    let word = &before[before.len() - length..];
    let stands_alone = !before[..before.len() - length].ends_with(char::is_alphanumeric);
    let known = word.eq_ignore_ascii_case("http") || word.eq_ignore_ascii_case("https");
    (known && stands_alone).then_some(length)
}

/// How many bytes of the text are an address: up to a blank or a quote, without the punctuation that ends a sentence.
fn address(text: &str) -> usize {
    let ends = |c: char| {
        c.is_whitespace()
            || c.is_control()
            || is_unseen(c)
            || ['<', '>', '"', '`', '«', '»', '“', '”'].contains(&c)
    };
    let mut address = &text[..text.find(ends).unwrap_or(text.len())];
    loop {
        let shorter = match address.chars().last() {
            Some('.' | ',' | ';' | ':' | '!' | '?' | '\'' | '’' | '…' | '*') => true,
            Some(')') => address.matches(')').count() > address.matches('(').count(),
            Some(']') => address.matches(']').count() > address.matches('[').count(),
            _ => false,
        };
        if !shorter {
            return address.len();
        }
        address = &address[..address.len() - address.chars().last().map_or(0, char::len_utf8)];
    }
}

/// Signs that are not seen, or that turn the order of what is seen: an address that had one would not be what it shows.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether what follows the scheme begins with a host that shows where it leads.
fn host(rest: &str) -> bool {
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let (name, port) = host.split_once(':').unwrap_or((host, "0"));
    let label = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    name.split('.').all(label) && !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{
        Piece::{Link, Plain},
        *,
    };

    #[test]
    fn only_readable_addresses_of_the_web_are_links() {
        let table: [(&str, &[Piece<'_>]); 22] = [
            ("", &[]),
            ("no link", &[Plain("no link")]),
            ("https://example.org", &[Link("https://example.org")]),
            (
                "see http://example.org/a?b=c#d, ok",
                &[Plain("see "), Link("http://example.org/a?b=c#d"), Plain(", ok")],
            ),
            ("(https://example.org/a_(b))", &[Plain("("), Link("https://example.org/a_(b)"), Plain(")")]),
            ("HTTPS://EXAMPLE.ORG.", &[Link("HTTPS://EXAMPLE.ORG"), Plain(".")]),
            ("a\nhttp://x.org\nb", &[Plain("a\n"), Link("http://x.org"), Plain("\nb")]),
            ("http://localhost:3000/x", &[Link("http://localhost:3000/x")]),
            ("http://élève.fr", &[Link("http://élève.fr")]),
            ("«https://x.org»", &[Plain("«"), Link("https://x.org"), Plain("»")]),
            ("http://a.org http://b.org", &[Link("http://a.org"), Plain(" "), Link("http://b.org")]),
            ("https://bank.example@evil.example", &[Plain("https://bank.example@evil.example")]),
            ("https://a.org:x@evil.org/", &[Plain("https://a.org:x@evil.org/")]),
            ("javascript://example.org/%0aalert(1)", &[Plain("javascript://example.org/%0aalert(1)")]),
            ("javascript:alert('http')", &[Plain("javascript:alert('http')")]),
            ("data:text/html,x ftp://x.org", &[Plain("data:text/html,x ftp://x.org")]),
            ("xhttp://x.org éhttp://x.org", &[Plain("xhttp://x.org éhttp://x.org")]),
            ("http:// http://. http://a..b", &[Plain("http:// http://. http://a..b")]),
            ("https://a.org/\u{202e}gro.b", &[Link("https://a.org/"), Plain("\u{202e}gro.b")]),
            ("https://a\u{200b}.org", &[Link("https://a"), Plain("\u{200b}.org")]),
            (
                "vbscript://x.org file:///etc/passwd //x.org",
                &[Plain("vbscript://x.org file:///etc/passwd //x.org")],
            ),
            ("http://\"><script>alert(1)</script>", &[Plain("http://\"><script>alert(1)</script>")]),
        ];
        for (text, expected) in table {
            assert_eq!(pieces(text), expected, "{text}");
        }
    }

    #[test]
    fn nothing_is_lost() {
        for text in [
            "://",
            "https://a.org/\u{202e}gro.b//:sptth",
            "https://a\u{200b}b.org",
            "x://://http://a.b",
            "http://a.b://c",
            "https://x.org/é…",
            "http://a.org](b)",
        ] {
            let whole: String = pieces(text)
                .into_iter()
                .map(|piece| match piece {
                    Plain(text) | Link(text) => text,
                })
                .collect();
            assert_eq!(whole, text);
        }
    }
}
