//! Sentences: `app/locales/*.json`, checked by the compiler, on the server only.

use domain::{
    Code, Refusal,
    account::Language,
    booking::BookingState,
    chat::{Decision, ReportReason},
    dispute,
    tutor::Field,
};

#[allow(missing_docs, clippy::expect_used, clippy::new_ret_no_self, reason = "generated")]
mod locales {
    include!(concat!(env!("OUT_DIR"), "/i18n.rs"));
}

pub use leptos_i18n::td_string;
pub use locales::i18n::{self, Locale};

/// The locale files' name of a language.
#[must_use]
pub const fn locale(language: Language) -> Locale {
    match language {
        Language::En => Locale::en,
        Language::Fr => Locale::fr,
    }
}

/// The language of a locale file.
#[must_use]
pub const fn language(locale: Locale) -> Language {
    match locale {
        Locale::en => Language::En,
        Locale::fr => Language::Fr,
    }
}

macro_rules! by_key {
    ($locale:expr, $key:expr, $group:ident, [$($name:ident)*], $other:ident) => {
        match $key {
            $(stringify!($name) => td_string!($locale, $group.$name).to_string(),)*
            _ => td_string!($locale, $group.$other).to_string(),
        }
    };
}

/// The sentence of a refusal.
#[must_use]
pub fn sentence(locale: Locale, refusal: &Refusal) -> String {
    let field = refusal.field.clone().unwrap_or_default().into_owned();
    match &*refusal.key {
        "field_missing" => td_string!(locale, error.field_missing, field = field),
        "field_type" => td_string!(locale, error.field_type, field = field),
        "nul" => td_string!(locale, error.nul, field = field),
        "text_length" => td_string!(locale, error.text_length, field = field),
        key => error_sentence(locale, key),
    }
}

/// The sentence of an error's key; an unknown one is told as a fault of ours.
#[must_use]
pub fn error_sentence(locale: Locale, key: &str) -> String {
    by_key!(locale, key, error, [
        email email_taken password_length password_wrong mail_link_expired name role locale time_zone credentials token_invalid
        token_expired forbidden not_found internal malformed too_large file_too_large export_waits exports_many files_full evidence_full evidence_many push rate_limited origin university
        degree field current_year bio_length linkedin languages choice quiet_time quiet_same goals headline offering_title
        offering_durations duration_range price price_typed step buffer profile_incomplete profile_inactive
        provider_required duration_not_offered offering_not_found status booking_state note
        cancellation_too_late lesson_started join_too_early join_too_late told_without_link told_too_late told_time notice horizon slot_taken
        slot_off_grid calendar_address calendar_unreachable calendar_too_large calendar_unreadable
        calendar_known calendars_full calendar_server calendar_server_none calendar_login calendar_password
        calendar_accounts_full oauth_state oauth_expired oauth_refused oauth_scopes oauth_failed
        profile_not_found booking_not_found hold_not_found lesson_not_completed lesson_not_started
        rating_exists rating feedback_length weeks external_url provider_not_accepted too_many_offerings
        provider_not_connected provider_last meeting_missing link_taken room_taken
        offering_twice notice_range horizon_range cancel_notice_range step_range buffer_range photo
        currency days_range search_text page page_size weekday window window_start window_end
        too_many_windows too_many_overrides override_twice override_date override_reason slot_range
        reason no_show_settled no_show_too_early no_show_without_tutor no_show_student_joined lesson_not_over
        refund_amount refund_too_much nothing_due nothing_paid card_declined card_not_found card_missing bank_asks job_not_found case_not_found case_note debt_outstanding
        signature student_overlap request_lapsed join_under_review idempotency_key idempotency_mismatch
        content_type json json_shape method cursor guest link_expired min_rating offerings_many
        payment_method amount_typed prices range_order range_length sort timestamp within_days webhook_secret
        message_length client_id thread_whom attachments attachment_kind
        report_reason report_note report_decision report_decided chat_suspended chat_blocks chat_blocked
        debt_disputed debt_being_paid payout_account dispute_not_settled dispute_window dispute_exists dispute_decided dispute_reason dispute_statement
        dispute_changed dispute_outcome dispute_amount dispute_no_amount dispute_rest dispute_charge_open dispute_nothing_left
        dispute_of_bank dispute_no_evidence refund_charged_back
        difference_closed difference_changed difference_open
    ], internal)
}

/// The sentence for a code alone, where no rule gave a key.
#[must_use]
pub fn code_sentence(locale: Locale, code: Code) -> String {
    let key = match code {
        Code::InvalidRequest => "malformed",
        Code::NotFound => "not_found",
        Code::InsufficientPermissions => "forbidden",
        Code::PayloadTooLarge => "too_large",
        Code::RateLimited => "rate_limited",
        _ => "internal",
    };
    error_sentence(locale, key)
}

/// The name of a field of study.
#[must_use]
pub fn field_name(locale: Locale, field: Field) -> String {
    let key = field.name().to_lowercase();
    by_key!(locale, key.as_str(), field, [
        law medicine engineering business computer_science psychology education arts sciences
    ], other)
}

/// The name of a state of a booking.
#[must_use]
pub fn state_name(locale: Locale, state: BookingState) -> String {
    by_key!(locale, state.name(), state, [
        requested pending_review confirmed completed no_show_student no_show_tutor mutual_no_show
        early_end cancelled expired
    ], declined)
}

/// The name of what a report is about.
#[must_use]
pub fn reason_name(locale: Locale, reason: ReportReason) -> &'static str {
    match reason {
        ReportReason::Harassment => td_string!(locale, safety.harassment),
        ReportReason::Spam => td_string!(locale, safety.spam),
        ReportReason::Fraud => td_string!(locale, safety.fraud),
        ReportReason::Inappropriate => td_string!(locale, safety.inappropriate),
        ReportReason::Other => td_string!(locale, safety.other),
    }
}

/// The name of what an admin does about a report.
#[must_use]
pub fn decision_name(locale: Locale, decision: Decision) -> &'static str {
    match decision {
        Decision::Dismiss => td_string!(locale, moderation.dismiss),
        Decision::Remove => td_string!(locale, moderation.remove),
        Decision::Suspend => td_string!(locale, moderation.suspend),
    }
}

/// The name of what a dispute is about.
#[must_use]
pub fn dispute_reason(locale: Locale, reason: dispute::Reason) -> &'static str {
    use dispute::Reason;
    match reason {
        Reason::NotHeld => td_string!(locale, dispute.not_held),
        Reason::CutShort => td_string!(locale, dispute.cut_short),
        Reason::NotAsAgreed => td_string!(locale, dispute.not_as_agreed),
        Reason::Technical => td_string!(locale, dispute.technical),
        Reason::WrongOutcome => td_string!(locale, dispute.wrong_outcome),
        Reason::Other => td_string!(locale, dispute.other),
    }
}

/// The name of what an admin decides about a dispute.
#[must_use]
pub fn dispute_outcome(locale: Locale, outcome: dispute::Outcome) -> &'static str {
    match outcome {
        dispute::Outcome::Full => td_string!(locale, disputes.full),
        dispute::Outcome::Partial => td_string!(locale, disputes.partial),
        dispute::Outcome::None => td_string!(locale, disputes.nothing),
    }
}
