//! On what was measured.

use std::{fs, path::Path, process::Command};

use crate::Outcome;

/// Machine and source, as the table names them.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The CPU's own name.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Memory in GiB, rounded.
    pub memory: u64,
    /// Short commit, with a plus where files differ from it.
    pub commit: String,
}

impl Machine {
    /// Looks at this machine and at the checkout in `root`.
    pub fn look(root: &Path) -> Outcome<Self> {
        let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let meminfo = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kibibytes: u64 = field(&meminfo, "MemTotal")
            .and_then(|text| text.split_whitespace().next()?.parse().ok())
            .unwrap_or_default();
        Ok(Machine {
            cpu: field(&cpuinfo, "model name").unwrap_or("unknown CPU").to_owned(),
            cores: std::thread::available_parallelism()?.get(),
            memory: (kibibytes + 512 * 1024) / (1024 * 1024),
            commit: commit(root),
        })
    }
}

/// The first value of a name in a file of `/proc`.
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim())
    })
}

fn commit(root: &Path) -> String {
    let git = |words: &[&str]| {
        let output = Command::new("git").arg("-C").arg(root).args(words).output().ok()?;
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    let changed = git(&["status", "--porcelain", "--", ".", ":!docs"]).is_some_and(|text| !text.is_empty());
    match git(&["rev-parse", "--short=10", "HEAD"]) {
        Some(commit) if changed => format!("{commit}+"),
        Some(commit) => commit,
        None => "unknown".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_proc_are_found_by_name() {
        let text = "processor\t: 0\nmodel name\t: A CPU @ 2 GHz: fast\nmodel name\t: other\n";
        assert_eq!(field(text, "model name"), Some("A CPU @ 2 GHz: fast"));
        assert_eq!(field(text, "model"), None);
    }
}
