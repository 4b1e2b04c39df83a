//! The slots of a busy month, as `cargo bench -p domain --bench slots` has just measured them.

use std::{fs, path::Path};

use serde_json::Value;

use crate::{Outcome, report::Row};

const WHAT: &str = "slots of 30 days, 15-minute slots, 200 bookings, 20 overrides";
const TARGET_MICROS: f64 = 20.0;

/// One case of the benchmark.
struct Case {
    name: String,
    micros: f64,
}

/// The slowest case, judged; the others beside it.
pub fn row(target: &Path) -> Row {
    let wanted = format!("≤ {TARGET_MICROS:.0} µs");
    match cases(&target.join("criterion/slots")) {
        Ok(cases) => judge(&cases, &wanted),
        Err(error) => Row::missing(WHAT, &wanted, error.to_string()),
    }
}

fn judge(cases: &[Case], wanted: &str) -> Row {
    let slots = cases.iter().filter(|case| case.name.contains("slots"));
    let Some(slowest) = slots.max_by(|a, b| a.micros.total_cmp(&b.micros)) else {
        return Row::missing(WHAT, wanted, "the benchmark left no figures".into());
    };
    let all = cases.iter().map(|case| format!("{} {:.1}", case.name, case.micros)).collect::<Vec<_>>();
    let note = format!("slowest case, mean of criterion; one core, no I/O. All in µs: {}", all.join(", "));
    Row::judged(WHAT, format!("{:.1} µs", slowest.micros), wanted, slowest.micros <= TARGET_MICROS, note)
}

/// Every case that criterion has kept, by name.
fn cases(folder: &Path) -> Outcome<Vec<Case>> {
    let mut cases = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let new = entry?.path().join("new");
        if !new.is_dir() {
            continue;
        }
        let name = read(&new.join("benchmark.json"))?;
        let estimates = read(&new.join("estimates.json"))?;
        let nanos = estimates["mean"]["point_estimate"].as_f64().ok_or("estimates without a mean")?;
        let name = name["function_id"].as_str().ok_or("a case without a name")?.to_owned();
        cases.push(Case { name, micros: nanos / 1000.0 });
    }
    cases.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(cases)
}

fn read(path: &Path) -> Outcome<Value> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Verdict;

    fn case(name: &str, micros: f64) -> Case {
        Case { name: name.into(), micros }
    }

    #[test]
    fn the_slowest_case_of_slots_is_judged() {
        let cases = [case("a/1_slots", 5.0), case("b/2_slots", 20.1), case("b/judge", 99.0)];
        assert_eq!(judge(&cases, "").verdict, Verdict::Missed);
        assert_eq!(judge(&[case("a/1_slots", 5.0)], "").verdict, Verdict::Met);
        assert_eq!(judge(&[case("b/judge", 1.0)], "").verdict, Verdict::Missing);
    }
}
