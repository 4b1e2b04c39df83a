//! The form parts of the gallery.

use leptos::prelude::*;

use super::*;

/// Fields in their states.
#[component]
pub(super) fn FormParts() -> impl IntoView {
    view! {
        <Card>
            <form class="form" method="post">
                <LineParts />
                <ChoiceParts />
                <div class="form-actions">
                    <Button>"Save"</Button>
                    <ButtonLink href="#" variant=ButtonVariant::Ghost>"Back"</ButtonLink>
                </div>
            </form>
        </Card>
        <Disclosure summary="Why is my university asked?">
            <p>"Students look for someone who knows their programme. Only the name of the university is shown."</p>
        </Disclosure>
    }
}

#[component]
fn LineParts() -> impl IntoView {
    view! {
        <div class="field-row">
            <Field id="sample-name" label="Your name" required=true>
                <Input name="sample-name" autocomplete="name" value="Ada Lovelace" />
            </Field>
            <Field
                id="sample-email"
                label="E-mail"
                hint="We write only about your lessons."
                error="This is not an e-mail address: the part after @ is missing."
                required=true
            >
                <Input name="sample-email" kind="email" autocomplete="email" value="ada@" />
            </Field>
        </div>
        <div class="field-row">
            <Field id="sample-field" label="Field">
                <Select name="sample-field" value="LAW" options=fields() />
            </Field>
            <Field id="sample-linkedin" label="LinkedIn" optional_text="optional">
                <Input name="sample-linkedin" kind="url" placeholder="https://…" />
            </Field>
            <Field id="sample-off" label="Currency">
                <Input name="sample-off" value="EUR" disabled=true />
            </Field>
        </div>
        <Field id="sample-photo" label="Photo" hint="JPEG, PNG or WebP; it is cut to a square.">
            <Input name="sample-photo" kind="file" attr:accept="image/*" />
        </Field>
        <Field id="sample-bio" label="About you" hint="What do you teach, and how?">
            <Textarea
                name="sample-bio"
                min=50
                max=1000
                counter="50 to 1000 characters"
                value="Second-year law student in Coimbra. I help with constitutional law and with writing case notes."
            />
        </Field>
    }
}

#[component]
fn ChoiceParts() -> impl IntoView {
    let marks = ["1 of 5: poor", "2 of 5: fair", "3 of 5: good", "4 of 5: very good", "5 of 5: excellent"];
    view! {
        <RadioGroup name="sample-length" legend="Length" items=lengths() value="60" required=true tiles=true />
        <RadioGroup name="sample-mode" legend="How do bookings arrive?" items=modes() value="instant" />
        <div>
            <Checkbox name="sample-active" label="Visible in the search" hint="Students can find and book you." checked=true switch=true />
            <Checkbox name="sample-terms" label="I have read the terms" error="Please confirm that you have read them." required=true />
            <Checkbox name="sample-news" label="Write me about new courses" hint="At most once a month. You can stop at any time." />
        </div>
        <RatingInput name="sample-rating" legend="How was the lesson?" labels=marks.map(String::from) value=4 />
    }
}

fn fields() -> Vec<SelectOption> {
    [("LAW", "Law"), ("MEDICINE", "Medicine"), ("ENGINEERING", "Engineering")]
        .map(|(value, label)| SelectOption::new(value, label))
        .to_vec()
}

fn lengths() -> Vec<ChoiceItem> {
    [("30", "30 minutes", "€15.00"), ("60", "60 minutes", "€25.00"), ("90", "90 minutes", "€35.00")]
        .map(|(value, label, hint)| ChoiceItem::new(value, label, hint))
        .to_vec()
}

fn modes() -> Vec<ChoiceItem> {
    vec![
        ChoiceItem::new("instant", "At once", "A free slot can be booked without asking you."),
        ChoiceItem::new("request", "On request", "You answer within 24 hours; the slot is kept until then."),
    ]
}
