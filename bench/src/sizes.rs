//! Sizes of the pages, as `scripts/size` has just measured them in a browser.

use std::{fs, path::PathBuf};

use crate::report::Row;

/// Names the file with what `scripts/size` printed.
const VARIABLE: &str = "LECTERN_BENCH_SIZES";
const WHAT: &str = "wasm and JS until the first working click, brotli";
const TARGET: &str = "≤ 180 KB wasm, ≤ 12 KB JS";

/// One row for each page that was measured.
pub fn rows() -> Vec<Row> {
    let text = std::env::var_os(VARIABLE).and_then(|file| fs::read_to_string(PathBuf::from(file)).ok());
    let rows: Vec<_> = text.iter().flat_map(|text| text.lines()).filter_map(row).collect();
    if rows.is_empty() {
        let why = "scripts/size printed no sizes (it needs Chromium)".to_owned();
        return vec![Row::missing(WHAT, TARGET, why)];
    }
    rows
}

/// A line such as `size of /tutors: 90.1 KB wasm, 5.2 KB js`.
fn row(line: &str) -> Option<Row> {
    let (page, sizes) = line.trim().strip_prefix("size of ")?.split_once(": ")?;
    let (wasm, rest) = sizes.split_once(" KB wasm, ")?;
    let (js, _) = rest.split_once(" KB js")?;
    let (wasm, js): (f64, f64) = (wasm.parse().ok()?, js.parse().ok()?);
    let measured = format!("{wasm:.1} KB wasm, {js:.1} KB JS");
    let note = format!("{WHAT}; in all {:.1} KB (aim 116 KB)", wasm + js);
    Some(Row::judged(&format!("size of `{page}`"), measured, TARGET, wasm <= 180.0 && js <= 12.0, note))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    #[test]
    fn lines_of_the_size_test_are_read() {
        let found = row("size of /tutors/{slug}: 180.0 KB wasm, 12.0 KB js (above the aim of 116.0 KB)");
        let found = found.expect("a row");
        assert_eq!((found.what.as_str(), found.verdict), ("size of `/tutors/{slug}`", Verdict::Met));
        let large = row("  size of /: 180.1 KB wasm, 1.0 KB js").expect("a row");
        assert_eq!(large.verdict, Verdict::Missed);
        assert!(row("  ✓  1 [size] › size.spec.ts: / is small (2.1s)").is_none());
    }
}
