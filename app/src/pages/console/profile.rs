//! The tutor's profile: photo, switch, and what students read.

use domain::tutor::{Field as Study, Profile};
use leptos::prelude::*;

use super::{Desk, Section, section};
use crate::{
    pages::{
        context::Visit,
        forms::{FlashNotice, PostForm, error_on, kept_or},
        i18n::{Locale, field_name, td_string},
    },
    ui::{
        Avatar, AvatarSize, Button, ButtonVariant, Card, Field, Input, Select, SelectOption, StateBadge,
        Textarea,
    },
};

/// `/tutor/profile`
#[component]
pub fn ProfilePage() -> impl IntoView {
    section(
        Section::Profile,
        async |_: Visit, _: Desk| Ok(()),
        |visit, desk, ()| view! { <Shown visit desk/> },
    )
}

#[component]
fn Shown(visit: Visit, desk: Desk) -> impl IntoView {
    let locale = visit.locale();
    let profile = desk.tutor.profile.clone();
    view! {
        <div class="split">
            <Card title=td_string!(locale, console.profile_title)><ProfileForm locale profile/></Card>
            <div class="flow">
                <Photo locale desk=desk.clone()/>
                <Switch locale desk/>
            </div>
        </div>
    }
}

#[component]
fn Photo(locale: Locale, desk: Desk) -> impl IntoView {
    let photo = desk.tutor.photo_url.unwrap_or_default();
    view! {
        <Card title=td_string!(locale, console.photo)>
            <div class="stack">
                <Avatar name=desk.tutor.name photo size=AvatarSize::Huge eager=true/>
                <PostForm action="upload_photo" class="form" files=true>
                    <Field id="photo" label=td_string!(locale, console.photo_file) hint=td_string!(locale, console.photo_hint) required=true error=error_on("photo")>
                        <Input name="photo" kind="file" attr:accept="image/jpeg,image/png,image/webp"/>
                    </Field>
                    <div class="form-actions"><Button variant=ButtonVariant::Secondary>{td_string!(locale, console.photo_send)}</Button></div>
                </PostForm>
            </div>
        </Card>
    }
}

#[component]
fn Switch(locale: Locale, desk: Desk) -> impl IntoView {
    let active = desk.tutor.readiness.active;
    let (state, text, hint, action) = if active {
        (
            "active",
            td_string!(locale, console.active),
            td_string!(locale, console.active_hint),
            td_string!(locale, console.pause),
        )
    } else {
        (
            "inactive",
            td_string!(locale, console.paused),
            td_string!(locale, console.paused_hint),
            td_string!(locale, console.resume),
        )
    };
    view! {
        <div id="active">
            <Card title=td_string!(locale, console.active_title)>
                <div class="stack">
                    <FlashNotice actions=&["set_active"]/>
                    <p><StateBadge state text/></p>
                    <p class="quiet">{hint}</p>
                    <form method="post" action="/do/set_active">
                        <input type="hidden" name="active" value=(!active).to_string()/>
                        <Button variant=ButtonVariant::Secondary>{action}</Button>
                    </form>
                </div>
            </Card>
        </div>
    }
}

#[component]
fn ProfileForm(locale: Locale, profile: Option<Profile>) -> impl IntoView {
    let of = |read: fn(&Profile) -> String| profile.as_ref().map(read).unwrap_or_default();
    let headline = of(|profile| profile.headline.clone().unwrap_or_default());
    let university = of(|profile| profile.university.clone());
    let degree = of(|profile| profile.degree.clone());
    let field = of(|profile| profile.field.name().to_owned());
    let year = of(|profile| profile.current_year.to_string());
    let bio = of(|profile| profile.bio.clone());
    let languages = of(|profile| profile.languages.join(", "));
    let goals = of(|profile| profile.goals.join("\n"));
    let linkedin = of(|profile| profile.linkedin.clone().unwrap_or_default());
    view! {
        <PostForm action="save_profile" class="form">
            <Line key="headline" label=td_string!(locale, console.headline) hint=td_string!(locale, console.headline_hint) value=headline optional=td_string!(locale, site.optional)/>
            <div class="field-row">
                <Line key="university" label=td_string!(locale, console.university) value=university/>
                <Line key="degree" label=td_string!(locale, console.degree) value=degree/>
            </div>
            <div class="field-row">
                <Field id="field" label=td_string!(locale, console.field) required=true error=error_on("field")>
                    <Select name="profile[field]" options=fields(locale) value=kept_or("field", field)/>
                </Field>
                <Line key="current_year" kind="number" label=td_string!(locale, console.year) value=year/>
            </div>
            <Field id="bio" label=td_string!(locale, console.bio) hint=td_string!(locale, console.bio_hint) required=true error=error_on("bio")>
                <Textarea name="profile[bio]" rows=8 min=50 max=1000 counter=td_string!(locale, console.bio_counter) value=kept_or("bio", bio)/>
            </Field>
            <Line key="languages" label=td_string!(locale, account.languages) hint=td_string!(locale, account.languages_hint) value=languages optional=td_string!(locale, site.optional)/>
            <Field id="goals" label=td_string!(locale, console.goals) hint=td_string!(locale, console.goals_hint) optional_text=td_string!(locale, site.optional) error=error_on("goals")>
                <Textarea name="profile[goals]" rows=3 value=kept_or("goals", goals)/>
            </Field>
            <Line key="linkedin" kind="url" label="LinkedIn" hint="https://www.linkedin.com/in/…" value=linkedin optional=td_string!(locale, site.optional)/>
            <div class="form-actions"><Button>{td_string!(locale, site.save)}</Button></div>
        </PostForm>
    }
}

/// A line of the profile; without `optional` it must be filled in.
#[component]
fn Line(
    key: &'static str,
    #[prop(into)] label: String,
    #[prop(optional, into)] hint: String,
    #[prop(default = "text")] kind: &'static str,
    value: String,
    #[prop(optional, into)] optional: String,
) -> impl IntoView {
    view! {
        <Field id=key label hint required=optional.is_empty() optional_text=optional error=error_on(key)>
            <Input name=format!("profile[{key}]") kind value=kept_or(key, value)/>
        </Field>
    }
}

fn fields(locale: Locale) -> Vec<SelectOption> {
    let empty = SelectOption::new("", "");
    let all = Study::ALL.map(|field| SelectOption::new(field.name(), field_name(locale, field)));
    std::iter::once(empty).chain(all).collect()
}
