//! The admin's overview: what there is, and whether the invariants hold.

use domain::{account::Role, booking::BookingState};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    Actor, chat, dispute, invariants,
    jobs::{self, FailedJob},
    overview,
    payment::{self, Case},
    payout::{self, Shelf},
    reconcile,
};

use super::{
    admin_jobs::Jobs,
    admin_payouts::PAYOUTS,
    admin_reconciliation::RECONCILIATION,
    charge_words::amount,
    chat_safety_actions::MODERATION,
    context::Visit,
    dispute_actions::DISPUTES,
    format,
    gate::only,
    i18n::{Locale, state_name, td_string},
    load::load,
    presences::ADMIN_PAGE,
    query,
};
use crate::ui::{
    Alert, Button, ButtonLink, ButtonSize, ButtonVariant, Card, Cell, Column, Dialog, Glyph, PageHeader,
    Stat, StateBadge, Table, Tone,
};

/// How much waits for an admin, by queue.
#[derive(Clone, Copy)]
struct Waiting {
    reports: i64,
    disputes: i64,
    failed_payouts: i64,
    differences: i64,
}

/// `/admin`
#[component]
pub fn Admin() -> impl IntoView {
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move {
                let overview = overview::load(&visit.services, &actor).await?;
                let cases = payment::open_cases(&visit.services, &actor).await?;
                let jobs = jobs::list_failed(&visit.services, &actor).await?;
                let waiting = Waiting {
                    reports: chat::count_reports(&visit.services, &actor).await?,
                    disputes: dispute::count_open(&visit.services, &actor).await?,
                    failed_payouts: failed_payouts(&visit, &actor).await?,
                    differences: reconcile::counts(&visit.services).await?.open,
                };
                Ok((overview, invariants::count(&visit.services).await?, cases, jobs, waiting))
            },
            |visit, (overview, violations, cases, jobs, waiting)| view! { <Shown visit overview violations cases jobs waiting/> },
        )
    })
}

#[component]
fn Shown(
    visit: Visit,
    overview: overview::Overview,
    violations: invariants::Violations,
    cases: Vec<Case>,
    jobs: Vec<FailedJob>,
    waiting: Waiting,
) -> impl IntoView {
    let (locale, for_cases) = (visit.locale(), visit.clone());
    let number = move |count: i64| format::number(locale, count);
    let healthy = violations == invariants::Violations::default();
    let state_column = td_string!(locale, lesson.state);
    let counts = [overview.students, overview.tutors, overview.active_tutors, overview.ratings].map(number);
    let [students, tutors, active, ratings] = counts;
    let rows = overview.bookings.into_iter().filter_map(move |(state, count)| {
        let state = BookingState::parse(&state).ok()?;
        Some(view! {
            <tr>
                <Cell label=state_column><StateBadge state=state.name() text=state_name(locale, state)/></Cell>
                <Cell label=td_string!(locale, admin.count) numeric=true>{number(count)}</Cell>
            </tr>
        })
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(state_column), Column::number(td_string!(locale, admin.count))];
    view! {
        <Title text=td_string!(locale, admin.title).to_string()/>
        <div class="page flow">
            <PageHeader title=td_string!(locale, admin.title) lead=td_string!(locale, admin.lead)/>
            {if healthy {
                view! { <Alert tone=Tone::Success title=td_string!(locale, admin.healthy)/> }.into_any()
            } else {
                view! { <Alert tone=Tone::Danger title=td_string!(locale, admin.unhealthy)><a class="link" href="/status/invariants">"/status/invariants"</a></Alert> }.into_any()
            }}
            <div class="grid-tiles">
                <Stat label=td_string!(locale, admin.students) value=students icon=Glyph::Users/>
                <Stat label=td_string!(locale, admin.tutors) value=tutors icon=Glyph::Degree/>
                <Stat label=td_string!(locale, admin.active_tutors) value=active icon=Glyph::Success/>
                <Stat label=td_string!(locale, admin.ratings) value=ratings icon=Glyph::Star/>
            </div>
            <Card title=td_string!(locale, admin.bookings)>
                <Table caption=td_string!(locale, admin.bookings) caption_hidden=true columns>{rows}</Table>
            </Card>
            {disputes(locale, waiting.disputes)}
            {payouts(locale, waiting.failed_payouts)}
            {moderation(locale, waiting.reports)}
            {attendance(locale)}
            {reconciliation(locale, waiting.differences)}
            <div id="cases"><Card title=td_string!(locale, admin.cases)><Cases visit=for_cases cases/></Card></div>
            <div id="jobs"><Card title=td_string!(locale, admin.jobs)><Jobs visit jobs/></Card></div>
        </div>
    }
}

/// The way to the disputes, with how many wait.
fn disputes(locale: Locale, count: i64) -> impl IntoView {
    let waiting =
        format!("{} {}", format::number(locale, count), td_string!(locale, disputes.waiting, count = count));
    view! {
        <Card title=td_string!(locale, disputes.title)>
            <div class="row">
                <p>{waiting}</p>
                <ButtonLink href=DISPUTES variant=ButtonVariant::Secondary size=ButtonSize::Small>
                    {td_string!(locale, disputes.go)}
                </ButtonLink>
            </div>
        </Card>
    }
}

/// The way to how lessons are attended.
fn attendance(locale: Locale) -> impl IntoView {
    view! {
        <Card title=td_string!(locale, presence.title)>
            <div class="row">
                <p>{td_string!(locale, presence.lead_admin)}</p>
                <ButtonLink href=ADMIN_PAGE variant=ButtonVariant::Secondary size=ButtonSize::Small>
                    {td_string!(locale, presence.go)}
                </ButtonLink>
            </div>
        </Card>
    }
}

/// How many tutors' payouts the provider refused.
async fn failed_payouts(visit: &Visit, actor: &Actor) -> services::Result<i64> {
    let sums = payout::sum_desk(&visit.services, actor).await?;
    Ok(sums.iter().filter(|sum| sum.shelf == Shelf::Failed).map(|sum| sum.lines).sum())
}

/// The way to the payouts, with how many were refused.
fn payouts(locale: Locale, failed: i64) -> impl IntoView {
    let text = match failed {
        0 => td_string!(locale, payouts.none_failed).to_owned(),
        _ => td_string!(locale, payouts.some_failed, count = format::number(locale, failed)).to_string(),
    };
    view! {
        <Card title=td_string!(locale, payouts.title)>
            <div class="row">
                <p>{text}</p>
                <ButtonLink href=PAYOUTS variant=ButtonVariant::Secondary size=ButtonSize::Small>
                    {td_string!(locale, payouts.go)}
                </ButtonLink>
            </div>
        </Card>
    }
}

/// The way to the reports, with how many wait.
fn moderation(locale: Locale, reports: i64) -> impl IntoView {
    let waiting = format!(
        "{} {}",
        format::number(locale, reports),
        td_string!(locale, moderation.waiting, count = reports)
    );
    view! {
        <Card title=td_string!(locale, moderation.title)>
            <div class="row">
                <p>{waiting}</p>
                <ButtonLink href=MODERATION variant=ButtonVariant::Secondary size=ButtonSize::Small>
                    {td_string!(locale, moderation.go)}
                </ButtonLink>
            </div>
        </Card>
    }
}

/// The way to the comparison with the payment provider, with how much differs.
fn reconciliation(locale: Locale, differences: i64) -> impl IntoView {
    let count = format::number(locale, differences);
    let waiting = match differences {
        0 => td_string!(locale, reconciliation.none_open).to_string(),
        _ => format!("{count} {}", td_string!(locale, reconciliation.waiting, count = differences)),
    };
    view! {
        <Card title=td_string!(locale, reconciliation.title)>
            <div class="row">
                <p>{waiting}</p>
                <ButtonLink href=RECONCILIATION variant=ButtonVariant::Secondary size=ButtonSize::Small>
                    {td_string!(locale, reconciliation.go)}
                </ButtonLink>
            </div>
        </Card>
    }
}

/// The way to give money back again, and the question before it. Without script it arrives open at its own address.
#[component]
fn Again(visit: Visit, case: Case) -> impl IntoView {
    let locale = visit.locale();
    let (id, word) = (case.id.to_string(), td_string!(locale, admin.case_again));
    let open = query::get(&visit.query, "again").as_deref() == Some(&*id);
    let close = if open { "/admin#cases".to_owned() } else { String::new() };
    let (target, label) = (format!("again-{id}"), format::named(locale, word, &case.title));
    let much = case.amount.map_or_else(String::new, |money| amount(locale, money));
    let text = td_string!(locale, admin.case_again_text, amount = much, title = case.title).to_string();
    view! {
        <ButtonLink href=format!("/admin?again={id}") size=ButtonSize::Small attr:data-opens=target.clone() attr:aria-label=label>{word}</ButtonLink>
        <Dialog id=target title=word close_label=td_string!(locale, site.close) open close_href=close>
            <p>{text}</p>
            <form method="post" action="/do/try_again" class="form-actions">
                <input type="hidden" name="case" value=id/>
                <Button>{word}</Button>
                <ButtonLink href="/admin#cases" variant=ButtonVariant::Ghost attr:data-closes="">{td_string!(locale, admin.case_again_not)}</ButtonLink>
            </form>
        </Dialog>
    }
}

/// What waits for an admin's decision, with the way to the charge that it is about.
#[component]
fn Cases(visit: Visit, cases: Vec<Case>) -> impl IntoView {
    let locale = visit.locale();
    if cases.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, admin.cases_none)}</p> }.into_any();
    }
    let (lesson, kind) = (td_string!(locale, admin.case_lesson), td_string!(locale, admin.case_kind));
    let opened = td_string!(locale, admin.case_opened);
    let (close, decided) = (td_string!(locale, admin.case_close), td_string!(locale, admin.case_decided));
    let rows = cases.into_iter().map(|case| {
        let href = format!("/lessons/{}/charge", case.booking);
        let what = match case.kind.as_str() {
            "late_evidence" => td_string!(locale, admin.case_late_evidence),
            "refund_failed" => td_string!(locale, admin.case_refund_failed),
            "deposit_not_returned" => td_string!(locale, admin.case_deposit_not_returned),
            "reversal_failed" => td_string!(locale, admin.case_reversal_failed),
            _ => td_string!(locale, admin.case_other),
        };
        let much = case.amount.map(|money| view! { <br/><strong class="tabular">{amount(locale, money)}</strong> });
        let again = matches!(case.kind.as_str(), "refund_failed" | "deposit_not_returned")
            .then(|| view! { <Again visit=visit.clone() case=case.clone()/> });
        let since = format::near(locale, visit.zone, case.opened_at, visit.now);
        let label = format::named(locale, decided, &case.title);
        let field = format!("case-note-{}", case.id);
        view! {
            <tr>
                <Cell label=lesson><a class="link hit" href=href>{case.title}</a></Cell>
                <Cell label=kind>{what}{much}</Cell>
                <Cell label=opened>{since}</Cell>
                <Cell label=close>
                    {again}
                    <form method="post" action="/do/close_case" class="row">
                        <input type="hidden" name="case" value=case.id.to_string()/>
                        <input class="input" id=field name="note" required maxlength="500" aria-label=label placeholder=decided/>
                        <Button variant=ButtonVariant::Secondary size=ButtonSize::Small>{close}</Button>
                    </form>
                </Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(lesson), Column::text(kind), Column::text(opened), Column::text(close)];
    view! { <Table caption=td_string!(locale, admin.cases) caption_hidden=true columns>{rows}</Table> }
        .into_any()
}
