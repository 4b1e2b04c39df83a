//! `/admin/disputes`: what waits for a decision, and a dispute with everything that helps to decide it.

use domain::{account::Role, charge::Rule, ids::DisputeId, money::Money};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;
use services::{
    dispute::{self, Bank, Dispute, Row},
    lesson,
    payment::{self, Explanation, RefundRow},
};

use super::{
    charge::ChargeBadge,
    charge_tables::{Inputs, Ledger, Parties, Refunds, SplitTable},
    charge_words::{Standing, amount, why},
    chargeback::{SendEvidence, is_taken},
    context::Visit,
    dispute::Told,
    dispute_actions::DISPUTES,
    dispute_decide::{Choice, Deciding},
    format,
    forms::SavedNotice,
    gate::only,
    i18n::{dispute_outcome, dispute_reason, td_string},
    lesson_parts::Evidence,
    load::load,
    updates::Updates,
};
use crate::ui::{ButtonLink, ButtonVariant, Card, Cell, Column, EmptyState, Glyph, PageHeader, Table};

/// `/admin/disputes`
#[component]
pub fn DisputesPage() -> impl IntoView {
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move { dispute::queue(&visit.services, &actor).await },
            |visit, (open, past)| view! { <Queue visit open past/> },
        )
    })
}

#[component]
fn Queue(visit: Visit, open: Vec<Row>, past: Vec<Row>) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, disputes.title);
    let waiting = if open.is_empty() {
        view! { <EmptyState glyph=Glyph::Inbox title=td_string!(locale, disputes.none)/> }.into_any()
    } else {
        let rows =
            Rows { visit: visit.clone(), caption: td_string!(locale, disputes.waiting_title), rows: open };
        view! { <Card title=td_string!(locale, disputes.waiting_title)>{rows.table()}</Card> }.into_any()
    };
    let past = (!past.is_empty()).then(|| {
        let rows = Rows { visit: visit.clone(), caption: td_string!(locale, disputes.past), rows: past };
        view! { <Card title=td_string!(locale, disputes.past)>{rows.table()}</Card> }
    });
    view! {
        <Title text=title/>
        <div class="page flow">
            <PageHeader title lead=td_string!(locale, disputes.lead)/>
            <div id="disputes" data-live="" class="flow">{waiting}{past}</div>
            <Updates/>
        </div>
    }
}

/// Disputes as a table.
struct Rows {
    visit: Visit,
    caption: &'static str,
    rows: Vec<Row>,
}

impl Rows {
    fn table(self) -> impl IntoView {
        let locale = self.visit.locale();
        let (lesson, about) = (td_string!(locale, disputes.lesson), td_string!(locale, disputes.about));
        let (since, decided) = (td_string!(locale, disputes.since), td_string!(locale, disputes.decision));
        let visit = self.visit;
        let rows = self.rows.into_iter().map(|row| {
            let href = format!("{DISPUTES}/{}", row.id);
            let people = format!("{} · {}", row.student, row.tutor);
            let opened = format::near(locale, visit.zone, row.opened_at, visit.now);
            let about_words = match (row.reason, row.due_by) {
                (Some(reason), _) => dispute_reason(locale, reason).to_owned(),
                (None, Some(due)) => {
                    let due = format::moment(locale, visit.zone, due);
                    td_string!(locale, disputes.chargeback_until, time = due).to_string()
                }
                (None, None) => td_string!(locale, disputes.bank).to_owned(),
            };
            let verdict = match row.verdict {
                Some((outcome, _)) => dispute_outcome(locale, outcome),
                None if row.closed => td_string!(locale, disputes.by_bank),
                None => td_string!(locale, disputes.undecided),
            };
            view! {
                <tr>
                    <Cell label=lesson><a class="link hit" href=href>{row.title}</a><br/><span class="quiet small">{people}</span></Cell>
                    <Cell label=about>{about_words}</Cell>
                    <Cell label=since>{opened}</Cell>
                    <Cell label=decided>{verdict}</Cell>
                </tr>
            }
        });
        let rows = rows.collect_view();
        let columns = [lesson, about, since, decided].map(Column::text).to_vec();
        view! { <Table caption=self.caption caption_hidden=true columns>{rows}</Table> }
    }
}

/// Everything that helps to decide.
#[derive(Clone)]
struct Case {
    dispute: Dispute,
    explained: Explanation,
    /// What is being weighed: the choice in the address, and what it would do.
    choice: Option<Choice>,
    refunds: Vec<RefundRow>,
    /// What would be charged by all that is on record now, where that differs from what was.
    now: Option<Money>,
}

/// `/admin/disputes/{id}`
#[component]
pub fn DisputeCasePage() -> impl IntoView {
    let id = use_params_map().with_untracked(|params| params.get("id").unwrap_or_default());
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move {
                let id: DisputeId = id.parse()?;
                let dispute = dispute::find(&visit.services, &actor, id).await?;
                let explained = payment::explain(&visit.services, &actor, dispute.booking).await?;
                let refunds = payment::list_refunds(&visit.services, &actor, dispute.booking).await?;
                let record = lesson::read(&visit.services, &explained.booking).await?;
                let choice = Choice::read(&visit, &actor, id, explained.split.charge.currency).await?;
                let now = changed(&explained, record.rule(record.evidence));
                Ok(Case { dispute, explained, choice, refunds, now })
            },
            |visit, case| view! { <CaseShown visit case/> },
        )
    })
}

/// What a rule charges, where it is not the one that was applied.
fn changed(explained: &Explanation, rule: Rule) -> Option<Money> {
    (explained.rule != Some(rule)).then(|| rule.charge(&explained.terms).charge)
}

#[component]
fn CaseShown(visit: Visit, case: Case) -> impl IntoView {
    let locale = visit.locale();
    let title = td_string!(locale, dispute.page_title, title = case.dispute.title.clone()).to_string();
    let people = format!("{} · {}", case.explained.booking.student_name, case.explained.booking.tutor_name);
    let charge = format!("/lessons/{}/charge", case.dispute.booking);
    let for_form = case.clone();
    let banks = &case.dispute.banks;
    let waits = banks.iter().any(Bank::waits);
    let decide = case.dispute.is_open()
        && case.dispute.by.is_some()
        && banks.iter().all(|bank| bank.standing.is_final());
    let id = case.dispute.id.to_string();
    view! {
        <Title text=title.clone()/>
        <div class="page flow">
            <PageHeader title kicker=people>
                <ButtonLink href=DISPUTES variant=ButtonVariant::Ghost icon=Glyph::ChevronLeft>{td_string!(locale, disputes.back)}</ButtonLink>
                <ButtonLink href=charge variant=ButtonVariant::Secondary>{td_string!(locale, disputes.charge)}</ButtonLink>
            </PageHeader>
            <SavedNotice/>
            <div class="split">
                <div id="case" data-live="" class="flow"><Grounds visit=visit.clone() case/></div>
                <div id="decision" data-live="" class="flow">
                    {waits.then(|| view! { <SendEvidence visit=visit.clone() id/> })}
                    {decide.then(|| view! { <Deciding visit=visit.clone() id=for_form.dispute.id said=for_form.dispute.statements.len() explained=for_form.explained choice=for_form.choice/> })}
                </div>
            </div>
            <Updates/>
        </div>
    }
}

/// What both said, who came, what was charged and moved.
#[component]
fn Grounds(visit: Visit, case: Case) -> impl IntoView {
    let locale = visit.locale();
    let Case { dispute, explained, refunds, now, .. } = case;
    let [for_dispute, for_evidence, for_refunds, for_charge, for_ledger] = [(); 5].map(|()| visit.clone());
    let given = (!refunds.is_empty()).then(|| {
        view! { <Card title=td_string!(locale, charge.refunds_title)><Refunds visit=for_refunds refunds/></Card> }
    });
    let (booking, attendance) = (explained.booking.clone(), explained.attendance.clone());
    let zone = format::zone(visit.zone, explained.facts.start);
    let taken = is_taken(&dispute.banks);
    let [charged, lines] = [(); 2].map(|()| explained.clone());
    view! {
        <p class="quiet small">{td_string!(locale, charge.inputs_zone, zone = zone)}</p>
        <Card title=td_string!(locale, dispute.title)><Told visit=for_dispute dispute/></Card>
        <Card title=td_string!(locale, lesson.attendance)><Evidence visit=for_evidence booking attendance/></Card>
        <Card title=td_string!(locale, disputes.charge)><Charged visit=for_charge explained=charged taken now/></Card>
        {given}
        <Card title=td_string!(locale, charge.ledger_title)><Ledger visit=for_ledger explained=lines/></Card>
        <Card title=td_string!(locale, charge.inputs_title)><Inputs visit explained/></Card>
    }
}

/// How much was charged and why, and what would be by what is on record now.
#[component]
fn Charged(visit: Visit, explained: Explanation, taken: bool, now: Option<Money>) -> impl IntoView {
    let locale = visit.locale();
    let badge = view! { <ChargeBadge locale taken standing=Standing::of_explained(&explained)/> };
    let late = now.map(|now| {
        let text = td_string!(locale, disputes.late, amount = amount(locale, now)).to_string();
        view! { <p><strong>{text}</strong></p> }
    });
    let (split, why) = (explained.split, why(locale, visit.zone, &explained));
    view! {
        <div class="stack">
            <p class="row"><strong class="tabular">{amount(locale, split.charge)}</strong> {badge}</p>
            <p>{why}</p>
            {late}
            <Parties visit explained/>
            <SplitTable locale split/>
        </div>
    }
}
