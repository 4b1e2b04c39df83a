//! What waits for an admin on the overview: the jobs that were given up, and closing a case.

use domain::{Code, Refusal};
use leptos::prelude::*;
use services::{
    jobs::{self, FailedJob},
    payment,
};

use super::{charge_actions::act, context::Visit, format, i18n::td_string};
use crate::{
    error::WireError,
    ui::{Button, ButtonSize, ButtonVariant, Cell, Column, Table},
};

/// Jobs that were given up, each with the way to try it again.
#[component]
pub fn Jobs(
    /// Who looks.
    visit: Visit,
    /// The newest first.
    jobs: Vec<FailedJob>,
) -> impl IntoView {
    let locale = visit.locale();
    if jobs.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, admin.jobs_none)}</p> }.into_any();
    }
    let (job, problem) = (td_string!(locale, admin.job), td_string!(locale, admin.job_problem));
    let (failed, again) = (td_string!(locale, admin.job_failed), td_string!(locale, admin.job_again));
    let rows = jobs.into_iter().map(|row| {
        let since = format::near(locale, visit.zone, row.failed_at, visit.now);
        let tries = td_string!(locale, admin.job_tries, count = row.attempts.to_string());
        let label = format::named(locale, again, &format!("{} {}", row.name, row.about));
        let cause = row.correlation_id.map(|id| id.simple().to_string());
        view! {
            <tr>
                <Cell label=job><code>{row.name}</code><br/><span class="quiet small">{row.about}</span></Cell>
                <Cell label=problem><span class="breaks">{shortened(&row.error)}</span><br/><span class="quiet small">{tries}" "{cause}</span></Cell>
                <Cell label=failed>{since}</Cell>
                <Cell label=again>
                    <form method="post" action="/do/run_job_again">
                        <input type="hidden" name="job" value=row.id/>
                        <Button variant=ButtonVariant::Secondary size=ButtonSize::Small label>{again}</Button>
                    </form>
                </Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(job), Column::text(problem), Column::text(failed), Column::text(again)];
    view! { <Table caption=td_string!(locale, admin.jobs) caption_hidden=true columns>{rows}</Table> }
        .into_any()
}

/// What went wrong, as much of it as tells the cause; the log has the rest.
fn shortened(error: &str) -> String {
    let error = error.trim_start_matches("TaskError(\"").trim_matches(['"', '\\', ')']);
    let short: String = error.chars().take(200).collect();
    if short.len() < error.len() { format!("{short}…") } else { short }
}

/// Lets one run again.
///
/// # Errors
/// As `services::jobs::run_again`.
pub async fn run_again(job: i64) -> Result<(), WireError> {
    act(&[], "/admin?saved=1#jobs", async |services, actor| jobs::run_again(services, actor, job).await).await
}

/// Closes a case.
///
/// # Errors
/// As `services::payment::close_case`; `NOT_FOUND` for an id that is none.
pub async fn close_case(case: &str, note: &str) -> Result<(), WireError> {
    act(&[("note", note)], "/admin?saved=1#cases", async |services, actor| {
        let unknown = || Refusal::new(Code::NotFound, "case_not_found");
        payment::close_case(services, actor, case.parse().map_err(|_| unknown())?, note).await
    })
    .await
}

/// Has money that did not arrive given back once more.
///
/// # Errors
/// As `services::payment::try_again`; `NOT_FOUND` for an id that is none.
pub async fn try_again(case: &str) -> Result<(), WireError> {
    act(&[], "/admin?saved=1#cases", async |services, actor| {
        let unknown = || Refusal::new(Code::NotFound, "case_not_found");
        payment::try_again(services, actor, case.parse().map_err(|_| unknown())?).await
    })
    .await
}
