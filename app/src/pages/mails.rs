//! Which mails a person wants: the choice on the page of settings, and the page behind the link in each mail.

use domain::{Code, account::Role};
use leptos::prelude::*;
use leptos_meta::Title;
use services::mail::{self, Topic};

use super::{
    context::{Visit, visit},
    gate::refuse,
    i18n::{Locale, td_string},
    query,
};
use crate::ui::{Button, ButtonLink, ButtonVariant, Card, Checkbox, PageHeader};

/// The choice of mails.
#[component]
pub fn Choices(
    /// The language.
    locale: Locale,
    /// Whose.
    role: Role,
    /// What is not wanted.
    refused: Vec<Topic>,
) -> impl IntoView {
    let questions = (role == Role::Student).then(|| {
        view! {
            <Checkbox
                name="questions" label=td_string!(locale, mails.questions) hint=td_string!(locale, mails.questions_hint)
                checked=!refused.contains(&Topic::Questions)
            />
        }
    });
    view! {
        <div id="mails">
            <Card title=td_string!(locale, mails.title)>
                <form method="post" action="/do/choose_mails" class="form">
                    <p class="quiet small">{td_string!(locale, mails.lead)}</p>
                    <Checkbox
                        name="reminders" label=td_string!(locale, mails.reminders) hint=td_string!(locale, mails.reminders_hint)
                        checked=!refused.contains(&Topic::Reminders)
                    />
                    {questions}
                    <Checkbox
                        name="messages" label=td_string!(locale, mails.messages) hint=td_string!(locale, mails.messages_hint)
                        checked=!refused.contains(&Topic::Messages)
                    />
                    <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
                </form>
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
        Ok((_, topic)) => shown(&visit, &link, topic).into_any(),
        Err(_) => refuse(&visit, domain::Refusal::new(Code::NotFound, "not_found")).into_any(),
    }
}

fn shown(visit: &Visit, link: &str, topic: Topic) -> impl IntoView + use<> {
    let locale = visit.locale();
    let done = query::get(&visit.query, "done").is_some();
    let lead = match (topic, done) {
        (Topic::Reminders, false) => td_string!(locale, mails.end_reminders),
        (Topic::Questions, false) => td_string!(locale, mails.end_questions),
        (Topic::Messages, false) => td_string!(locale, mails.end_messages),
        (Topic::Reminders, true) => td_string!(locale, mails.ended_reminders),
        (Topic::Questions, true) => td_string!(locale, mails.ended_questions),
        (Topic::Messages, true) => td_string!(locale, mails.ended_messages),
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
}
