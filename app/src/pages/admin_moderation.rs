//! `/admin/moderation`: what was reported in conversations, and what was decided.

use domain::{account::Role, chat::Decision};
use leptos::prelude::*;
use leptos_meta::Title;
use services::{
    Actor,
    chat::{self, Line, Moderation, Reported, Suspended},
    files::Home,
};

use super::{
    context::Visit,
    files::files,
    format,
    forms::{FlashNotice, SavedNotice},
    gate::only,
    i18n::{Locale, decision_name, reason_name, td_string},
    load::load,
};
use crate::ui::{
    Button, ButtonSize, ButtonVariant, Card, Cell, Column, EmptyState, Glyph, PageHeader, Table,
};

/// `/admin/moderation`
#[component]
pub fn ModerationPage() -> impl IntoView {
    only(Role::Admin, |_, actor| {
        load(
            move |visit| async move { Ok((chat::moderation(&visit.services, &actor).await?, actor)) },
            |visit, (queue, actor)| view! { <Shown visit queue actor/> },
        )
    })
}

#[component]
fn Shown(visit: Visit, queue: Moderation, actor: Actor) -> impl IntoView {
    let locale = visit.locale();
    let Moderation { open, past, suspended } = queue;
    let for_people = visit.clone();
    let waiting = if open.is_empty() {
        let title = td_string!(locale, moderation.none);
        view! { <EmptyState glyph=Glyph::Inbox title/> }.into_any()
    } else {
        open.iter().map(|report| case(&visit, &actor, report)).collect_view().into_any()
    };
    view! {
        <Title text=td_string!(locale, moderation.title)/>
        <div class="page flow">
            <PageHeader title=td_string!(locale, moderation.title) lead=td_string!(locale, moderation.lead)/>
            <SavedNotice/>
            <FlashNotice actions=&["decide_report", "lift_suspension"]/>
            {waiting}
            <Card title=td_string!(locale, moderation.suspended)><People visit=for_people people=suspended/></Card>
            <Card title=td_string!(locale, moderation.past)><Past visit reports=past/></Card>
        </div>
    }
}

/// A report that waits: who, why, what was said, and the decision.
fn case(visit: &Visit, actor: &Actor, report: &Reported) -> impl IntoView + use<> {
    let locale = visit.locale();
    let title = about(locale, report);
    let since = format::near(locale, visit.zone, report.created_at, visit.now);
    let reporter = report.reporter_name.clone();
    let by = td_string!(locale, moderation.reported_by, name = reporter, time = since).to_string();
    let note = report.note.clone().map(|note| view! { <blockquote class="chat-quote">{note}</blockquote> });
    let (reason, form) = (reason_name(locale, report.reason), decide(locale, report));
    let lines = report.lines.iter().map(|line| said(visit, actor, line, report.message)).collect_view();
    view! {
        <div id=format!("report-{}", report.id)>
            <Card title>
                <div class="stack">
                    <p>{reason}" "<span class="quiet small">{by}</span></p>
                    {note}
                    <ol class="chat-evidence">{lines}</ol>
                    {form}
                </div>
            </Card>
        </div>
    }
}

fn about(locale: Locale, report: &Reported) -> String {
    let name = report.about_name.clone();
    match report.message {
        Some(_) => td_string!(locale, moderation.about_message, name = name).to_string(),
        None => td_string!(locale, moderation.about_thread, name = name).to_string(),
    }
}

fn said(visit: &Visit, actor: &Actor, line: &Line, reported: Option<i64>) -> impl IntoView + use<> {
    let locale = visit.locale();
    let is_reported = reported == Some(line.id);
    let mark = is_reported.then(|| view! { " · "<strong>{td_string!(locale, moderation.this_one)}</strong> });
    let removed = line.removed.then(|| format!(" · {}", td_string!(locale, moderation.removed)));
    let time = format::near(locale, visit.zone, line.sent_at, visit.now);
    let text = (!line.body.is_empty()).then(|| view! { <p class="chat-text">{line.body.clone()}</p> });
    view! {
        <li data-reported=is_reported.then_some("")>
            <p class="quiet small">
                {line.sender_name.clone()}" · "<time datetime=line.sent_at.to_rfc3339()>{time}</time>{mark}{removed}
            </p>
            {text}
            {files(visit, actor, Home::Chat, &line.files)}
        </li>
    }
}

/// The form of a decision: why, and one button for each.
fn decide(locale: Locale, report: &Reported) -> impl IntoView + use<> {
    let field = format!("note-{}", report.id);
    let for_field = field.clone();
    let label = td_string!(locale, moderation.why);
    let buttons = Decision::ALL
        .into_iter()
        .filter(|decision| *decision != Decision::Remove || report.message.is_some());
    let buttons = buttons
        .map(|decision| {
            let variant = match decision {
                Decision::Dismiss => ButtonVariant::Secondary,
                Decision::Remove | Decision::Suspend => ButtonVariant::Danger,
            };
            let text = match decision {
                Decision::Suspend => {
                    td_string!(locale, moderation.suspend_name, name = report.about_name.clone()).to_string()
                }
                Decision::Dismiss | Decision::Remove => decision_name(locale, decision).to_owned(),
            };
            let value = decision.name();
            view! { <Button variant name="decision" value>{text}</Button> }
        })
        .collect_view();
    view! {
        <form method="post" action="/do/decide_report" class="stack">
            <input type="hidden" name="report" value=report.id.to_string()/>
            <label class="stack-tight" for=for_field>
                <span>{label}</span>
                <input class="input" id=field name="note" required maxlength="500"/>
            </label>
            <div class="row">{buttons}</div>
        </form>
    }
}

/// Those who may not write, each with the way back.
#[component]
fn People(visit: Visit, people: Vec<Suspended>) -> impl IntoView {
    let locale = visit.locale();
    if people.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, moderation.suspended_none)}</p> }.into_any();
    }
    let (person, why) = (td_string!(locale, moderation.person), td_string!(locale, moderation.why));
    let (since, lift) = (td_string!(locale, moderation.since), td_string!(locale, moderation.lift));
    let rows = people.into_iter().map(|row| {
        let field = format!("lift-{}", row.user);
        let time = format::near(locale, visit.zone, row.since, visit.now);
        let [label, asked] = [lift, why].map(|what| format::named(locale, what, &row.name));
        view! {
            <tr>
                <Cell label=person>{row.name}</Cell>
                <Cell label=since>{time}<br/><span class="quiet small">{row.by}</span></Cell>
                <Cell label=why><span class="breaks">{row.note}</span></Cell>
                <Cell label=lift>
                    <form method="post" action="/do/lift_suspension" class="row">
                        <input type="hidden" name="user" value=row.user.to_string()/>
                        <input class="input" id=field name="note" required maxlength="500" aria-label=asked placeholder=why/>
                        <Button variant=ButtonVariant::Secondary size=ButtonSize::Small label>{lift}</Button>
                    </form>
                </Cell>
            </tr>
        }
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(person), Column::text(since), Column::text(why), Column::text(lift)];
    view! { <Table caption=td_string!(locale, moderation.suspended) caption_hidden=true columns>{rows}</Table> }
        .into_any()
}

/// What was decided: who, when, why.
#[component]
fn Past(visit: Visit, reports: Vec<Reported>) -> impl IntoView {
    let locale = visit.locale();
    if reports.is_empty() {
        return view! { <p class="quiet">{td_string!(locale, moderation.past_none)}</p> }.into_any();
    }
    let (what, decided) = (td_string!(locale, moderation.what), td_string!(locale, moderation.decided));
    let (by, why) = (td_string!(locale, moderation.by), td_string!(locale, moderation.why));
    let rows = reports.into_iter().filter_map(|report| {
        let subject = about(locale, &report);
        let reason = format!("{}, {}", reason_name(locale, report.reason), report.reporter_name);
        let verdict = report.verdict?;
        let time = format::near(locale, visit.zone, verdict.at, visit.now);
        Some(view! {
            <tr>
                <Cell label=what>{subject}<br/><span class="quiet small">{reason}</span></Cell>
                <Cell label=decided>{decision_name(locale, verdict.decision)}</Cell>
                <Cell label=by>{verdict.by}<br/><span class="quiet small">{time}</span></Cell>
                <Cell label=why><span class="breaks">{verdict.note}</span></Cell>
            </tr>
        })
    });
    let rows = rows.collect_view();
    let columns = vec![Column::text(what), Column::text(decided), Column::text(by), Column::text(why)];
    view! { <Table caption=td_string!(locale, moderation.past) caption_hidden=true columns>{rows}</Table> }
        .into_any()
}
