//! The document around every page: header, content, footer, and in development a bar for the clock.

use domain::account::{Language, Role};
use leptos::{attr::custom::custom_attribute, prelude::*};
use leptos_meta::MetaTags;

use super::{
    built::BuiltFiles,
    context::{Visit, visit},
    dev::Bar,
    i18n::{Locale, td_string},
    notices::Bell,
    routes::App,
    signup::language_name,
};
use crate::{
    enhance::Enhancements,
    ui::{
        Button, ButtonLink, ButtonSize, ButtonVariant, FooterGroup, Glyph, NavLink, SiteFooter, SiteHeader,
        SkipLink, ToastRegion,
    },
};

/// The whole document.
pub fn shell(options: LeptosOptions) -> impl IntoView {
    let visit = visit();
    view! {
        <!DOCTYPE html>
        <html lang=visit.language.tag() data-theme=visit.theme>
            <head>
                <meta charset="utf-8"/>
                <meta name="viewport" content="width=device-width, initial-scale=1"/>
                <AutoReload options=options.clone()/>
                <BuiltFiles options/>
                <HeadLinks/>
                <MetaTags/>
            </head>
            <body>
                <App/>
            </body>
        </html>
    }
}

/// Typefaces that every page needs at once, and the signs of the site.
#[component]
fn HeadLinks() -> impl IntoView {
    let font = |href: &'static str| view! { <link rel="preload" href=href r#as="font" r#type="font/woff2" crossorigin="anonymous"/> };
    view! {
        {font("/fonts/inter-latin.woff2")}
        {font("/fonts/montserrat-latin.woff2")}
        <link rel="icon" href="/favicon.svg" type="image/svg+xml"/>
        <link rel="icon" href="/favicon.ico" sizes="32x32"/>
        <link rel="apple-touch-icon" href="/apple-touch-icon.png"/>
        <meta name="theme-color" content="#ffffff" {..custom_attribute("media", "(prefers-color-scheme: light)")}/>
        <meta name="theme-color" content="#18202a" {..custom_attribute("media", "(prefers-color-scheme: dark)")}/>
    }
}

/// Header, content and footer. The page of components brings its own, as samples.
#[component]
pub fn Frame(children: Children) -> impl IntoView {
    // Without a request, because the routes are being listed at the start: nothing but them is of use.
    let Some(visit) = use_context::<Visit>().filter(|visit| visit.path != "/dev/components") else {
        return children().into_any();
    };
    let locale = visit.locale();
    view! {
        <SkipLink target="content" text=td_string!(locale, site.skip)/>
        <Header visit=visit.clone()/>
        <main id="content" tabindex="-1">{children()}</main>
        <Footer visit/>
        <ToastRegion label=td_string!(locale, site.messages_region)/>
        <Bar/>
        <Enhancements/>
    }
    .into_any()
}

#[component]
fn Header(visit: Visit) -> impl IntoView {
    let locale = visit.locale();
    let nav = nav_links(&visit);
    let bar = bar_end(&visit);
    let folded = move || {
        let visit = visit.clone();
        view! { <FoldedEnd visit/> }
    };
    view! {
        <SiteHeader
            brand=td_string!(locale, site.name) nav_label=td_string!(locale, site.main_nav)
            menu_label=td_string!(locale, site.menu) nav menu_extra=folded
        >
            {bar}
        </SiteHeader>
    }
}

/// The links of the header: what the person's role has.
fn nav_links(visit: &Visit) -> Vec<NavLink> {
    let locale = visit.locale();
    let own = match visit.actor.as_ref().map(|actor| actor.role) {
        Some(Role::Student) => Some(NavLink::new("/dashboard", td_string!(locale, site.dashboard))),
        Some(Role::Tutor) => Some(NavLink::new("/tutor", td_string!(locale, site.console))),
        Some(Role::Admin) => Some(NavLink::new("/admin", td_string!(locale, site.admin))),
        None => None,
    };
    let messages = visit.actor.as_ref().filter(|actor| actor.role != Role::Admin).map(|_| NavLink {
        count: if visit.unread > 0 { visit.unread.to_string() } else { String::new() },
        ..NavLink::new("/messages", td_string!(locale, chat.title))
    });
    let find = NavLink::new("/tutors", td_string!(locale, site.find_tutor));
    std::iter::once(find).chain(own).chain(messages).map(|link| link.at(&visit.path)).collect()
}

/// What stands at the end of the bar.
fn bar_end(visit: &Visit) -> AnyView {
    let locale = visit.locale();
    if visit.actor.is_some() {
        view! {
            <Bell visit=visit.clone()/>
            <ButtonLink href="/settings" variant=ButtonVariant::Ghost class="only-wide" icon=Glyph::User>
                {td_string!(locale, site.settings)}
            </ButtonLink>
            <SignOut locale class="only-wide"/>
        }
        .into_any()
    } else {
        view! {
            <ButtonLink href="/login" variant=ButtonVariant::Ghost class="only-wide">{td_string!(locale, site.sign_in)}</ButtonLink>
            <ButtonLink href="/signup">{td_string!(locale, site.sign_up)}</ButtonLink>
        }
        .into_any()
    }
}

/// What only the folded menu shows.
#[component]
fn FoldedEnd(visit: Visit) -> impl IntoView {
    let locale = visit.locale();
    let person = visit.actor.as_ref().map(|actor| {
        view! {
            <p class="small quiet">{td_string!(locale, site.signed_in_as, name = actor.name.clone())}</p>
            <ButtonLink href="/settings" variant=ButtonVariant::Secondary icon=Glyph::User>{td_string!(locale, site.settings)}</ButtonLink>
            <SignOut locale/>
        }
    });
    let stranger = visit.actor.is_none().then(|| {
        view! { <ButtonLink href="/login" variant=ButtonVariant::Secondary>{td_string!(locale, site.sign_in)}</ButtonLink> }
    });
    view! { {person} {stranger} <Switches visit/> }
}

#[component]
fn SignOut(locale: Locale, #[prop(optional)] class: &'static str) -> impl IntoView {
    view! {
        <form method="post" action="/do/sign_out" class=class>
            <Button variant=ButtonVariant::Ghost icon=Glyph::Logout>{td_string!(locale, site.sign_out)}</Button>
        </form>
    }
}

/// Language and theme: plain forms that lead back to the page.
#[component]
fn Switches(visit: Visit) -> impl IntoView {
    let locale = visit.locale();
    let languages = Language::ALL.into_iter().filter(|language| *language != visit.language);
    let languages = languages
        .map(|language| {
            view! {
                <Button name="locale" value=language.tag() variant=ButtonVariant::Ghost size=ButtonSize::Small icon=Glyph::Globe attr:lang=language.tag()>
                    {language_name(language)}
                </Button>
            }
        })
        .collect_view();
    let themes = [
        ("light", Glyph::Sun, td_string!(locale, site.theme_light)),
        ("dark", Glyph::Moon, td_string!(locale, site.theme_dark)),
        ("system", Glyph::Settings, td_string!(locale, site.theme_system)),
    ];
    let chosen = visit.theme.unwrap_or("system");
    let themes = themes
        .into_iter()
        .filter(|(theme, ..)| *theme != chosen)
        .map(|(theme, icon, label)| {
            view! { <Button name="theme" value=theme variant=ButtonVariant::Ghost size=ButtonSize::Small icon>{label}</Button> }
        })
        .collect_view();
    view! {
        <form method="post" action="/do/set_language" class="row" aria-label=td_string!(locale, site.language)>{languages}</form>
        <form method="post" action="/do/set_theme" class="row" aria-label=td_string!(locale, site.theme)>{themes}</form>
    }
}

#[component]
fn Footer(visit: Visit) -> impl IntoView {
    let locale = visit.locale();
    let group = |title: &str, links: Vec<(&str, &str)>| FooterGroup {
        title: title.to_owned(),
        links: links.into_iter().map(|(href, label)| NavLink::new(href, label)).collect(),
    };
    let groups = vec![
        group(
            td_string!(locale, site.footer_learn),
            vec![
                ("/tutors", td_string!(locale, site.find_tutor)),
                ("/signup", td_string!(locale, site.sign_up)),
            ],
        ),
        group(
            td_string!(locale, site.footer_teach),
            vec![("/signup?role=tutor", td_string!(locale, site.become_tutor)), ("/api/docs", "API")],
        ),
        group(
            td_string!(locale, site.footer_about),
            vec![("/privacy", td_string!(locale, site.privacy)), ("/legal", td_string!(locale, site.legal))],
        ),
    ];
    view! {
        <SiteFooter
            brand=td_string!(locale, site.name) tagline=td_string!(locale, site.tagline) groups
            small_print=td_string!(locale, site.small_print)
        >
            <Switches visit/>
        </SiteFooter>
    }
}
