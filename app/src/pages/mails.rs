//! By which ways a person wants to be told of what: the choice on the page of settings, and the page behind the link in
//! each mail.

use domain::{
    Code,
    account::Role,
    notice::{Channel, Choice, Quiet, Topic},
    zone::Zone,
};
use leptos::prelude::*;
use leptos_meta::Title;
use services::mail;

use super::{
    context::{Visit, visit},
    format,
    forms::{PostForm, TextField},
    gate::refuse,
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Card, PageHeader};

/// The choice of what one is told, and by which ways: a table that becomes a list on a narrow screen.
#[component]
pub fn Choices(
    /// The language.
    locale: Locale,
    /// Whose.
    role: Role,
    /// What is not wanted.
    refused: Vec<Choice>,
) -> impl IntoView {
    let heads = Channel::ALL.map(|channel| {
        view! { <th scope="col" id=format!("way-{}", channel.name())>{way(locale, channel)}</th> }
    });
    let topics = Topic::ALL.into_iter().filter(|topic| topic.concerns(role));
    let rows = topics.map(|topic| row(locale, role, topic, &refused)).collect_view();
    view! {
        <div id="mails">
            <Card title=td_string!(locale, mails.title)>
                <form method="post" action="/do/choose_ways" class="form">
                    <p class="quiet small">{td_string!(locale, mails.lead)}</p>
                    <table class="ways">
                        <thead><tr><th scope="col">{td_string!(locale, mails.what)}</th>{heads}</tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                    <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
                </form>
            </Card>
        </div>
    }
}

fn way(locale: Locale, channel: Channel) -> &'static str {
    match channel {
        Channel::Mail => td_string!(locale, mails.by_mail),
        Channel::Notice => td_string!(locale, mails.by_notice),
        Channel::Push => td_string!(locale, mails.by_push),
    }
}

/// What a topic is called, and what belongs to it.
fn named(locale: Locale, topic: Topic) -> (&'static str, &'static str) {
    match topic {
        Topic::Lessons => (td_string!(locale, mails.lessons), td_string!(locale, mails.lessons_hint)),
        Topic::Money => (td_string!(locale, mails.money), td_string!(locale, mails.money_hint)),
        Topic::Reminders => (td_string!(locale, mails.reminders), td_string!(locale, mails.reminders_hint)),
        Topic::Questions => (td_string!(locale, mails.questions), td_string!(locale, mails.questions_hint)),
        Topic::Messages => (td_string!(locale, mails.messages), td_string!(locale, mails.messages_hint)),
    }
}

fn row(locale: Locale, role: Role, topic: Topic, refused: &[Choice]) -> impl IntoView + use<> {
    let (name, hint) = named(locale, topic);
    let id = format!("way-{}", topic.name());
    let cells = Channel::ALL.map(|channel| {
        let choice = Choice { topic, channel };
        let label = view! { <span class="way-name" aria-hidden="true">{way(locale, channel)}</span> };
        // Boxes that are not ticked are not sent: their numbers may have gaps.
        let place = Choice::all(role).position(|other| other == choice);
        let cell = match place {
            Some(place) => view! {
                <label for=choice.name()>
                    {label}
                    <input
                        type="checkbox" class="checkbox checkbox-primary" id=choice.name() name=format!("wanted[{place}]")
                        value=choice.name() checked=!refused.contains(&choice)
                        aria-labelledby=format!("{id} way-{}", channel.name())
                    />
                </label>
            }
            .into_any(),
            None => view! { <p>{label} <span class="quiet small">{td_string!(locale, mails.always)}</span></p> }.into_any(),
        };
        view! { <td>{cell}</td> }
    });
    view! {
        <tr>
            <th scope="row"><span id=id>{name}</span> <span class="choice-hint">{hint}</span></th>
            {cells}
        </tr>
    }
}

/// When one wants quiet.
#[component]
pub fn QuietHours(
    /// The language.
    locale: Locale,
    /// The zone of the profile.
    zone: Zone,
    /// The hours; `None` for none.
    hours: Option<Quiet>,
) -> impl IntoView {
    let shown = |minute: u16| format!("{:02}:{:02}", minute / 60, minute % 60);
    let (from, until) = hours.map(|hours| (shown(hours.from()), shown(hours.until()))).unwrap_or_default();
    view! {
        <div id="quiet">
            <Card title=td_string!(locale, mails.quiet_title)>
                <PostForm action="set_quiet_hours" class="form">
                    <p class="quiet small">{td_string!(locale, mails.quiet_lead)}</p>
                    <div class="field-row">
                        <TextField name="from" kind="time" label=td_string!(locale, mails.quiet_from) value=from/>
                        <TextField name="until" kind="time" label=td_string!(locale, mails.quiet_until) value=until/>
                    </div>
                    <p class="quiet small">{td_string!(locale, mails.quiet_zone, zone = format::zone_name(zone))}</p>
                    <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
                </PostForm>
            </Card>
        </div>
    }
}

/// `/unsubscribe?link=…`: works without signing in. Looking at it changes nothing.
#[component]
pub fn Unsubscribe() -> impl IntoView {
    let visit = visit();
    let link = query::get(&visit.query, "link").unwrap_or_default();
    match mail::read_link(&visit.services, &link) {
        Ok((_, topic)) => shown(&visit, &link, topic),
        Err(_) => refuse(&visit, domain::Refusal::new(Code::NotFound, "not_found")).into_any(),
    }
}

fn shown(visit: &Visit, link: &str, topic: Topic) -> AnyView {
    let locale = visit.locale();
    let done = query::get(&visit.query, "done").is_some();
    let Some(lead) = lead(locale, topic, done) else {
        return refuse(visit, domain::Refusal::new(Code::NotFound, "not_found")).into_any();
    };
    let action = format!("/unsubscribe/{link}");
    let way = if done {
        view! { <ButtonLink href="/settings#mails" variant=ButtonVariant::Secondary>{td_string!(locale, mails.to_settings)}</ButtonLink> }
            .into_any()
    } else {
        view! {
            <form method="post" action=action class="form-actions"><Button>{td_string!(locale, mails.end)}</Button></form>
        }
        .into_any()
    };
    view! {
        <Title text=td_string!(locale, mails.unsubscribe).to_string()/>
        <div class="page page-text flow">
            <PageHeader title=td_string!(locale, mails.unsubscribe) lead/>
            {way}
        </div>
    }
    .into_any()
}

/// What ends, or has ended; `None` for what cannot.
fn lead(locale: Locale, topic: Topic, done: bool) -> Option<&'static str> {
    match (topic, done) {
        (Topic::Reminders, false) => Some(td_string!(locale, mails.end_reminders)),
        (Topic::Questions, false) => Some(td_string!(locale, mails.end_questions)),
        (Topic::Messages, false) => Some(td_string!(locale, mails.end_messages)),
        (Topic::Reminders, true) => Some(td_string!(locale, mails.ended_reminders)),
        (Topic::Questions, true) => Some(td_string!(locale, mails.ended_questions)),
        (Topic::Messages, true) => Some(td_string!(locale, mails.ended_messages)),
        (Topic::Lessons | Topic::Money, _) => None,
    }
}
