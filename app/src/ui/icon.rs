//! A small set of symbols, drawn for Lectern on a grid of 24 with a line of 1.75.

use leptos::prelude::*;

use super::{classes, given};

macro_rules! glyphs {
    ($($(#[$meta:meta])* $name:ident => $path:literal,)*) => {
        /// A symbol.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Glyph {
            $($(#[$meta])* $name,)*
        }

        impl Glyph {
            /// Every symbol, with its name.
            pub const ALL: &[(Glyph, &str)] = &[$((Glyph::$name, stringify!($name)),)*];

            /// The outline, as the `d` of one SVG path.
            pub const fn path(self) -> &'static str {
                match self {
                    $(Glyph::$name => $path,)*
                }
            }
        }
    };
}

glyphs! {
    /// Onward.
    ArrowRight => "M5 12h14M13 6l6 6-6 6",
    /// Not allowed, cancelled.
    Ban => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM5.7 5.7l12.6 12.6",
    /// Notices.
    Bell => "M6 16V11a6 6 0 0 1 12 0v5l1.5 2h-15zM10 21h4",
    /// Subject, course.
    Book => "M12 6.5C10 5 7 4.5 3.5 4.5v14C7 18.5 10 19 12 20.5c2-1.5 5-2 8.5-2v-14C17 4.5 14 5 12 6.5zM12 6.5v14",
    /// A date.
    Calendar => "M4 6.5h16v14H4zM4 10.5h16M8 3.5v4M16 3.5v4",
    /// Payment card.
    Card => "M3 6h18v12.5H3zM3 10h18M6.5 15h4",
    /// Figures.
    Chart => "M4 4v16h16M8.5 16v-5M13 16V7.5M17.5 16v-7",
    /// Done, chosen.
    Check => "M4.5 12.5l5 5 10-11",
    /// Opens below.
    ChevronDown => "M6 9l6 6 6-6",
    /// Back.
    ChevronLeft => "M15 5l-7 7 7 7",
    /// Forward.
    ChevronRight => "M9 5l7 7-7 7",
    /// A time.
    Clock => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 7v5.5l3.5 2",
    /// Closes, removes.
    Close => "M6 6l12 12M18 6L6 18",
    /// University, degree.
    Degree => "M12 5L2.5 9.5 12 14l9.5-4.5zM6.5 11.5V16c3 2.5 8 2.5 11 0v-4.5M21.5 9.5V15",
    /// Takes a file.
    Download => "M12 4v11M7 10.5l5 5 5-5M4.5 20h15",
    /// Changes a text.
    Edit => "M4 20l1-4.5L16 4.5l3.5 3.5-11 11zM13.5 7l3.5 3.5",
    /// Failed.
    Error => "M8.3 3h7.4L21 8.3v7.4L15.7 21H8.3L3 15.7V8.3zM12 7.5V13M12 16.3v.2",
    /// Leaves the site.
    External => "M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9",
    /// Shows.
    Eye => "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.2a2.8 2.8 0 1 0 0 5.6 2.8 2.8 0 0 0 0-5.6z",
    /// Narrows a list.
    Filter => "M4 6.5h16M7 12h10M10 17.5h4",
    /// Zone, language.
    Globe => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM3.5 12h17M12 3c2.5 2.5 3.5 5.5 3.5 9s-1 6.5-3.5 9c-2.5-2.5-3.5-5.5-3.5-9S9.5 5.5 12 3z",
    /// Start page.
    Home => "M4 11l8-7 8 7v9h-5.5v-5.5h-5V20H4z",
    /// Waiting.
    Hourglass => "M6.5 3.5h11M6.5 20.5h11M8 3.5V7l4 5-4 5v3.5M16 3.5V7l-4 5 4 5v3.5",
    /// Nothing here.
    Inbox => "M3.5 13.5L6.5 5h11l3 8.5V19h-17zM3.5 13.5h5l1.5 2.5h4l1.5-2.5h5",
    /// A hint.
    Info => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM12 11v5.5M12 7.5v.2",
    /// A secret, safety.
    Lock => "M5.5 11h13v9.5h-13zM8.5 11V8a3.5 3.5 0 0 1 7 0v3",
    /// Signs out.
    Logout => "M13 4H5v16h8M10 12h10M16.5 8l4 4-4 4",
    /// A letter.
    Mail => "M3.5 6h17v12.5h-17zM3.5 7l8.5 6.5L20.5 7",
    /// Opens the menu.
    Menu => "M4 7h16M4 12h16M4 17h16",
    /// Talk.
    Message => "M4 5h16v11.5h-8.5L7 20.5v-4H4z",
    /// One less.
    Minus => "M5 12h14",
    /// Dark look.
    Moon => "M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z",
    /// One more.
    Plus => "M12 5v14M5 12h14",
    /// Once again.
    Refresh => "M19.5 12a7.5 7.5 0 1 1-2.3-5.4L20 9.2M20 4.2v5h-5",
    /// Finds.
    Search => "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5",
    /// Adjusts.
    Settings => "M4 7.5h9M17 7.5h3M15 5.3v4.4M4 16.5h3M11 16.5h9M9 14.3v4.4",
    /// A mark of rating.
    Star => "M12 3.5l2.6 5.5 6 .8-4.4 4.2 1.1 6-5.3-2.9L6.7 20l1.1-6L3.4 9.8l6-.8z",
    /// Went well.
    Success => "M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zM8 12.5l2.8 2.8L16 9.5",
    /// Light look.
    Sun => "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4",
    /// Deletes.
    Trash => "M4.5 6.5h15M9 6.5V4h6v2.5M6.5 6.5l1 14h9l1-14M10.5 10.5v6M13.5 10.5v6",
    /// Gives a file.
    Upload => "M12 16V5M7 9.5l5-5 5 5M4.5 20h15",
    /// A person.
    User => "M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM4.5 20.5c.8-4 3.7-6 7.5-6s6.7 2 7.5 6",
    /// Persons.
    Users => "M9 5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM2.5 19.5c.6-3.3 3-5 6.5-5s5.9 1.7 6.5 5M15.5 5.3a3.5 3.5 0 0 1 0 6.4M17.5 14.9c2.2.6 3.6 2.2 4 4.6",
    /// The meeting.
    Video => "M3 6.5h12.5v11H3zM15.5 10.5L21 7.5v9l-5.5-3",
    /// Earnings.
    Wallet => "M4 7h16v12.5H4zM4 7l11-3v3M20 11.5h-4.5a2 2 0 0 0 0 4H20",
    /// Take care.
    Warning => "M12 4L2.5 20h19zM12 10v4.5M12 17v.2",
}

/// A symbol, as high as the text around it times 1.25. Decoration unless it has a `label`.
#[component]
pub fn Icon(
    /// Which one.
    glyph: Glyph,
    /// What it says, when no text beside it does.
    #[prop(optional, into)]
    label: String,
    /// Further classes.
    #[prop(optional, into)]
    class: String,
) -> impl IntoView {
    let role = given(&label).map(|_| "img");
    let hidden = label.is_empty().then_some("true");
    view! {
        <svg
            class=classes("icon", &class)
            viewBox="0 0 24 24"
            role=role
            aria-label=given(&label)
            aria-hidden=hidden
        >
            <path d=glyph.path() />
        </svg>
    }
}
