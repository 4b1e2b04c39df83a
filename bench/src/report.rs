//! The table: printed at the end, and written into docs/BENCHMARKS.md.

use std::{fs, path::Path};

use crate::{Outcome, machine::Machine};

/// Between these lines the document is generated.
const BEGIN: &str = "<!-- results: written by `make bench` -->";
const END: &str = "<!-- end of results -->";

/// How a figure stands to its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is reached.
    Met,
    /// It is not.
    Missed,
    /// There is no target.
    None,
    /// There is no figure.
    Missing,
}

impl Verdict {
    /// Whether a target is reached.
    pub const fn of(met: bool) -> Self {
        if met { Verdict::Met } else { Verdict::Missed }
    }

    const fn text(self) -> &'static str {
        match self {
            Verdict::Met => "met",
            Verdict::Missed => "MISSED",
            Verdict::None => "–",
            Verdict::Missing => "no figure",
        }
    }
}

/// One line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What was measured.
    pub what: String,
    /// What came out.
    pub measured: String,
    /// What was wanted.
    pub target: String,
    /// Whether it came.
    pub verdict: Verdict,
    /// What bounds the figure, or why there is none.
    pub note: String,
}

impl Row {
    /// A figure with its target.
    pub fn judged(what: &str, measured: String, target: &str, met: bool, note: String) -> Self {
        Row { what: what.into(), measured, target: target.into(), verdict: Verdict::of(met), note }
    }

    /// A figure without a target.
    pub fn told(what: &str, measured: String, note: String) -> Self {
        Row { what: what.into(), measured, target: "–".into(), verdict: Verdict::None, note }
    }

    /// What could not be measured.
    pub fn missing(what: &str, target: &str, why: String) -> Self {
        let measured = "not measured".into();
        Row { what: what.into(), measured, target: target.into(), verdict: Verdict::Missing, note: why }
    }

    /// Whether it has no figure.
    pub fn is_missing(&self) -> bool {
        self.verdict == Verdict::Missing
    }

    fn cells(&self) -> [&str; 4] {
        [&self.what, &self.measured, &self.target, self.verdict.text()]
    }
}

/// Everything that was measured in one run.
pub struct Report {
    /// Date of the run, UTC.
    pub date: String,
    /// Where.
    pub machine: Machine,
    /// Version of Postgres.
    pub postgres: String,
    /// Whether its commits waited for the disk.
    pub durable: bool,
    /// Whether nobody else used the machine much.
    pub quiet: bool,
    /// The table.
    pub rows: Vec<Row>,
}

impl Report {
    /// The run and its table as Markdown, columns aligned, so that it reads well in a terminal too.
    pub fn markdown(&self) -> String {
        let Machine { cpu, cores, memory, commit } = &self.machine;
        let durable = match self.durable {
            true => "durable as in production (`fsync`, `synchronous_commit` and `full_page_writes` on)",
            false => "NOT durable: figures with commits do not count",
        };
        let quiet = if self.quiet {
            ""
        } else {
            " **Others used the cores too: the figures are worse than the product.**"
        };
        format!(
            "{} UTC, commit `{commit}`, {cpu}, {cores} cores, {memory} GiB, Postgres {} {durable}. Driver, server \
             and Postgres share these cores.{quiet}\n\n{}\n{}",
            self.date,
            self.postgres,
            table(&self.rows),
            notes(&self.rows)
        )
    }

    /// Replaces the results in the document.
    pub fn write(&self, document: &Path) -> Outcome {
        let text = fs::read_to_string(document)?;
        let written = replaced(&text, &self.markdown())
            .ok_or_else(|| format!("{} has lost the marks of its results", document.display()))?;
        Ok(fs::write(document, written)?)
    }
}

/// A part of the table, with what is to be said of it.
pub fn part(rows: &[Row]) -> String {
    format!("{}\n{}", table(rows), notes(rows))
}

fn replaced(text: &str, results: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n\n{}\n\n{END}{after}", results.trim_end()))
}

fn table(rows: &[Row]) -> String {
    let head = ["what", "measured", "target", ""];
    let lines: Vec<[&str; 4]> = std::iter::once(head).chain(rows.iter().map(Row::cells)).collect();
    let width =
        |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths: [usize; 4] = std::array::from_fn(width);
    let mut text = String::new();
    for (index, line) in lines.iter().enumerate() {
        text.push('|');
        for (cell, width) in line.iter().zip(widths) {
            text.push_str(&format!(" {cell:width$} |"));
        }
        text.push('\n');
        if index == 0 {
            text.push_str(&format!("|{}|\n", widths.map(|width| "-".repeat(width + 2)).join("|")));
        }
    }
    text
}

/// How each figure came about, and who used the cores meanwhile.
fn notes(rows: &[Row]) -> String {
    rows.iter().map(|row| format!("- {}: {}.\n", row.what, row.note)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_lies_between_the_marks_is_replaced() {
        let text = format!("# Title\n\n{BEGIN}\nold\n{END}\n\nafter\n");
        let once = replaced(&text, "new\n").expect("marks");
        assert_eq!(once, format!("# Title\n\n{BEGIN}\n\nnew\n\n{END}\n\nafter\n"));
        assert_eq!(replaced(&once, "new").as_deref(), Some(once.as_str()));
        assert_eq!(replaced("no marks", "new"), None);
    }

    #[test]
    fn the_committed_document_has_its_marks() {
        let document = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/BENCHMARKS.md");
        let text = fs::read_to_string(document).expect("the document");
        assert!(replaced(&text, "new").is_some());
    }

    #[test]
    fn a_missed_target_is_said() {
        let rows = [
            Row::judged("a", "1".into(), "≤ 2", true, String::new()),
            Row::judged("a long one", "3".into(), "≤ 2", false, "cores".into()),
        ];
        let text = table(&rows);
        assert!(text.contains("| a long one | 3        | ≤ 2    | MISSED |"), "{text}");
        assert!(text.contains("| a          | 1        | ≤ 2    | met    |"), "{text}");
        assert!(notes(&rows).contains("- a long one: cores.\n"));
    }
}
