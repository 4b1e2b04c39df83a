//! What a browser says that it is (RFC 9110, `User-Agent`), as a person knows it.

/// A browser and the system under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Agent {
    /// Such as `Firefox`.
    pub browser: &'static str,
    /// Such as `Windows`.
    pub system: &'static str,
}

/// Marks and names. Those that imitate others stand before them: every browser says to be Mozilla, most say to be Safari.
const BROWSERS: [(&str, &str); 7] = [
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
];
const SYSTEMS: [(&str, &str); 7] = [
    ("Windows", "Windows"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"),
    ("Linux", "Linux"),
];

impl Agent {
    /// Reads it; `None` where it says neither or only one of the two.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let find = |marks: &[(&str, &'static str)]| {
            marks.iter().find(|(mark, _)| text.contains(mark)).map(|(_, name)| *name)
        };
        let safari = || text.contains("Safari/").then_some("Safari");
        Some(Agent { browser: find(&BROWSERS).or_else(safari)?, system: find(&SYSTEMS)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_known_by_their_names() {
        let webkit =
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)";
        let blink = "AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
        for (text, known) in [
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {blink}"), Some(("Chrome", "Windows"))),
            (format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {blink} Edg/131.0"), Some(("Edge", "Windows"))),
            (format!("Mozilla/5.0 (X11; Linux x86_64) {blink} OPR/116.0"), Some(("Opera", "Linux"))),
            (format!("Mozilla/5.0 (Linux; Android 14; Pixel 8) {blink}"), Some(("Chrome", "Android"))),
            (format!("{webkit} Version/18.1 Safari/605.1.15"), Some(("Safari", "macOS"))),
            ("Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0".into(), Some(("Firefox", "Linux"))),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 CriOS/131.0 Safari/604.1".into(),
                Some(("Chrome", "iPhone")),
            ),
            ("curl/8.11".into(), None),
            ("Firefox/133.0".into(), None),
            (String::new(), None),
        ] {
            let read = Agent::parse(&text).map(|agent| (agent.browser, agent.system));
            assert_eq!(read, known, "{text}");
        }
    }
}
