//! What frames every page: header, footer and the development bar.

use leptos::prelude::*;

use super::{Glyph, Icon, given};

/// A link of the header or the footer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NavLink {
    /// Where it goes.
    pub href: String,
    /// What a person reads.
    pub label: String,
    /// It leads to the page that is shown.
    pub current: bool,
    /// How many wait behind it; may be empty.
    pub count: String,
}

impl NavLink {
    /// A link that is not the current page and has no count.
    pub fn new(href: impl Into<String>, label: impl Into<String>) -> Self {
        Self { href: href.into(), label: label.into(), ..Self::default() }
    }

    /// The same link, marked when it leads to `path` or to a page above it.
    #[must_use]
    pub fn at(mut self, path: &str) -> Self {
        self.current = path == self.href
            || (self.href.len() > 1
                && path.strip_prefix(&self.href).is_some_and(|rest| rest.starts_with('/')));
        self
    }
}

/// The sign and the name of the platform, as a link.
#[component]
pub fn Brand(
    /// Where it goes.
    #[prop(default = "/".to_owned(), into)]
    href: String,
    /// The platform's name.
    #[prop(into)]
    name: String,
) -> impl IntoView {
    view! {
        <a class="brand" href=href>
            <svg class="brand-sign" viewBox="0 0 32 32" aria-hidden="true">
                <path class="brand-desk" d="M4.5 6.2 27 3v8.3L6.5 14.600z" />
                <path class="brand-stand" d="M13 16.2l6-1V26h5.5v3.5h-17V26H13z" />
            </svg>
            <span>{name}</span>
        </a>
    }
}

fn links(items: &[NavLink]) -> impl IntoView + use<> {
    items
        .iter()
        .cloned()
        .map(|item| {
            view! {
                <li>
                    <a class="nav-link" href=item.href aria-current=item.current.then_some("page")>
                        {item.label}
                        {given(&item.count).map(|count| view! { <span class="count tabular">{count}</span> })}
                    </a>
                </li>
            }
        })
        .collect_view()
}

/// The head of every page. On a narrow screen the links fold into a menu that needs no script.
#[component]
pub fn SiteHeader(
    /// The platform's name.
    #[prop(into)]
    brand: String,
    /// Name of the navigation.
    #[prop(into)]
    nav_label: String,
    /// Name of the button that opens the folded menu.
    #[prop(into)]
    menu_label: String,
    /// The links, in order.
    nav: Vec<NavLink>,
    /// What only the folded menu shows: language, theme, signing in or out.
    #[prop(optional, into)]
    menu_extra: ViewFn,
    /// What stands at the end of the bar; give `only-wide` to what has no room on a phone.
    children: Children,
) -> impl IntoView {
    let folded_label = nav_label.clone();
    view! {
        <header class="site-header">
            <div class="site-bar">
                <Brand name=brand />
                <nav class="site-nav" aria-label=nav_label id="site-nav" data-live="">
                    <ul>{links(&nav)}</ul>
                </nav>
                <div class="site-actions">{children()}</div>
                <details class="site-menu">
                    <summary class="btn btn-ghost btn-square" aria-label=menu_label>
                        <Icon glyph=Glyph::Menu class="when-closed" />
                        <Icon glyph=Glyph::Close class="when-open" />
                    </summary>
                    <div class="site-menu-panel">
                        <nav aria-label=folded_label id="site-menu-nav" data-live="">
                            <ul>{links(&nav)}</ul>
                        </nav>
                        <div class="site-menu-extra">{menu_extra.run()}</div>
                    </div>
                </details>
            </div>
        </header>
    }
}

/// A group of links in the footer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FooterGroup {
    /// Its heading.
    pub title: String,
    /// Its links.
    pub links: Vec<NavLink>,
}

/// The foot of every page.
#[component]
pub fn SiteFooter(
    /// The platform's name.
    #[prop(into)]
    brand: String,
    /// What the platform is, in a sentence.
    #[prop(into)]
    tagline: String,
    /// Groups of links.
    groups: Vec<FooterGroup>,
    /// The last line.
    #[prop(optional, into)]
    small_print: String,
    /// Switches of language and theme.
    #[prop(optional)]
    children: Option<Children>,
) -> impl IntoView {
    let groups = groups
        .into_iter()
        .map(|group| {
            let links = group
                .links
                .into_iter()
                .map(|link| view! { <li><a href=link.href>{link.label}</a></li> })
                .collect_view();
            view! {
                <div class="footer-group">
                    <h2>{group.title}</h2>
                    <ul>{links}</ul>
                </div>
            }
        })
        .collect_view();
    view! {
        <footer class="site-footer">
            <div class="site-foot">
                <div class="footer-about">
                    <Brand name=brand />
                    <p>{tagline}</p>
                </div>
                {groups}
            </div>
            <div class="site-foot-end">
                <p>{small_print}</p>
                {children.map(|children| view! { <div class="footer-switches">{children()}</div> })}
            </div>
        </footer>
    }
}

/// The bar at the foot of every page in development. It says that the page is not the real thing.
#[component]
pub fn DevBar(
    /// What the bar is.
    #[prop(into)]
    label: String,
    /// The clock and its buttons, links to the development pages.
    children: Children,
) -> impl IntoView {
    view! {
        <aside class="dev-bar" aria-label=label.clone()>
            <span class="dev-tag">{label.clone()}</span>
            <div class="dev-body">{children()}</div>
        </aside>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_knows_the_page_that_it_leads_to() {
        let cases = [
            ("/", "/", true),
            ("/", "/tutors", false),
            ("/tutors", "/tutors", true),
            ("/tutors", "/tutors/ada", true),
            ("/tutor", "/tutors", false),
        ];
        for (href, path, current) in cases {
            assert_eq!(NavLink::new(href, "").at(path).current, current, "{href} at {path}");
        }
    }
}
