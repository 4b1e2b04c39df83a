//! Persons: a face, and a tutor at a glance.

use leptos::prelude::*;

use super::{Glyph, Icon, Price, Stars, given};

/// Side of a portrait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AvatarSize {
    /// 32 px, in a line of text.
    Small,
    /// 44 px.
    #[default]
    Medium,
    /// 72 px, on a card.
    Large,
    /// 128 px, on a profile.
    Huge,
}

impl AvatarSize {
    const fn pixels(self) -> u32 {
        match self {
            AvatarSize::Small => 32,
            AvatarSize::Medium => 44,
            AvatarSize::Large => 72,
            AvatarSize::Huge => 128,
        }
    }
}

/// The first letters of the first and the last word of a name, in capitals.
pub fn initials(name: &str) -> String {
    let mut words = name.split_whitespace();
    let first = words.next().and_then(|word| word.chars().next());
    let last = words.next_back().and_then(|word| word.chars().next());
    first.into_iter().chain(last).flat_map(char::to_uppercase).collect()
}

/// One of six quiet tints, the same for the same name.
fn tint(name: &str) -> u32 {
    name.bytes().fold(7, |sum: u32, byte| sum.wrapping_mul(31).wrapping_add(u32::from(byte))) % 6
}

/// A portrait, or initials where there is none. Decoration: the name stands beside it.
#[component]
pub fn Avatar(
    /// The person's name.
    #[prop(into)]
    name: String,
    /// Address of the photo; empty for none.
    #[prop(optional, into)]
    photo: String,
    /// Side.
    #[prop(optional)]
    size: AvatarSize,
    /// The photo is the main thing in sight: fetched at once.
    #[prop(optional)]
    eager: bool,
) -> impl IntoView {
    let pixels = size.pixels();
    let face = match given(&photo) {
        Some(src) => {
            let loading = if eager { "eager" } else { "lazy" };
            view! { <img src=src alt="" width=pixels height=pixels loading=loading decoding="async" /> }
                .into_any()
        }
        None => initials(&name).into_any(),
    };
    view! {
        <span class="portrait" aria-hidden="true" data-size=pixels data-tint=tint(&name)>
            {face}
        </span>
    }
}

/// A free start on a card.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlotLink {
    /// Where it is booked.
    pub href: String,
    /// Day and time in the reader's zone.
    pub label: String,
    /// The instant, RFC 3339 in UTC.
    pub datetime: String,
}

/// A tutor at a glance, in lists. The name is the link to the profile.
#[component]
pub fn TutorCard(
    /// Where the profile is.
    #[prop(into)]
    href: String,
    /// The tutor's name.
    #[prop(into)]
    name: String,
    /// Address of the photo; empty for none.
    #[prop(optional, into)]
    photo: String,
    /// What the tutor offers, in a line.
    #[prop(optional, into)]
    headline: String,
    /// The field in the reader's language.
    #[prop(into)]
    field: String,
    /// University, and what else places the person.
    #[prop(into)]
    university: String,
    /// Mean of ratings in tenths, 0 when there are none.
    #[prop(optional)]
    rating_tenths: u32,
    /// The mean as the reader's language writes it.
    #[prop(optional, into)]
    rating_mean: String,
    /// The rating in words, or the word for "new" when there is none.
    #[prop(into)]
    rating_text: String,
    /// How many ratings.
    #[prop(optional, into)]
    rating_count: String,
    /// The lowest price with its currency.
    #[prop(optional, into)]
    price: String,
    /// A word before the price, such as "from".
    #[prop(optional, into)]
    price_before: String,
    /// What the price buys, such as "60 min".
    #[prop(optional, into)]
    price_unit: String,
    /// Heading of the slots, or why there are none.
    #[prop(into)]
    slots_title: String,
    /// The next free starts, three at most.
    slots: Vec<SlotLink>,
) -> impl IntoView {
    view! {
        <article class="card tutor-card">
            <div class="tutor-main">
                <Avatar name=name.clone() photo=photo size=AvatarSize::Large />
                <div class="tutor-text">
                    <h3 class="tutor-name">
                        <a href=href>{name}</a>
                    </h3>
                    {given(&headline).map(|headline| view! { <p class="tutor-headline">{headline}</p> })}
                    <p class="tutor-facts">
                        <span class="tutor-fact"><Icon glyph=Glyph::Book />{field}</span>
                        <span class="tutor-fact"><Icon glyph=Glyph::Degree />{university}</span>
                    </p>
                </div>
            </div>
            <div class="tutor-side">
                {rating_line(rating_tenths, rating_mean, rating_text, rating_count)}
                {(!price.is_empty()).then(|| view! { <Price amount=price unit=price_unit before=price_before /> })}
            </div>
            <div class="tutor-slots">
                <p class="tutor-slots-title">{slots_title}</p>
                <ul>{slots.into_iter().map(slot_item).collect_view()}</ul>
            </div>
        </article>
    }
}

/// Stars, or the word for "new".
fn rating_line(tenths: u32, mean: String, text: String, count: String) -> AnyView {
    if tenths == 0 {
        view! { <span class="tag">{text}</span> }.into_any()
    } else {
        view! { <Stars tenths=tenths mean=mean text=text count=count /> }.into_any()
    }
}

fn slot_item(slot: SlotLink) -> impl IntoView {
    view! {
        <li>
            <a class="slot slot-small" href=slot.href rel="nofollow">
                <time datetime=slot.datetime class="tabular">{slot.label}</time>
            </a>
        </li>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_of_names() {
        let cases = [
            ("Ada Lovelace", "AL"),
            ("Prince", "P"),
            ("  Jean  le Rond d'Alembert ", "JD"),
            ("élodie ångström", "ÉÅ"),
            ("", ""),
        ];
        for (name, letters) in cases {
            assert_eq!(initials(name), letters, "{name}");
        }
    }
}
