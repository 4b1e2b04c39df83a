//! Refusals: the errors that people and programs see. Each has a stable code.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

/// The stable name of an error, part of the public interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "the variants are the codes")]
pub enum Code {
    InvalidRequest,
    InvalidProfileData,
    InvalidDuration,
    MinimumNoticeRequired,
    OutsideHorizon,
    CancellationTooLate,
    InvalidRating,
    InvalidToken,
    TokenExpired,
    PaymentFailed,
    InsufficientPermissions,
    JoinClosed,
    ProfileNotFound,
    BookingNotFound,
    NotFound,
    BookingConflict,
    ProviderRequired,
    DebtOutstanding,
    ProfileIncomplete,
    ProfileInactive,
    RatingAlreadyExists,
    SessionNotCompleted,
    InvalidState,
    IdempotencyMismatch,
    LinkExpired,
    PayloadTooLarge,
    RateLimited,
    Internal,
}

impl Code {
    /// Every code, for tests and documents that must cover all of them.
    pub const ALL: [Code; 28] = [
        Code::InvalidRequest,
        Code::InvalidProfileData,
        Code::InvalidDuration,
        Code::MinimumNoticeRequired,
        Code::OutsideHorizon,
        Code::CancellationTooLate,
        Code::InvalidRating,
        Code::InvalidToken,
        Code::TokenExpired,
        Code::PaymentFailed,
        Code::InsufficientPermissions,
        Code::JoinClosed,
        Code::ProfileNotFound,
        Code::BookingNotFound,
        Code::NotFound,
        Code::BookingConflict,
        Code::ProviderRequired,
        Code::DebtOutstanding,
        Code::ProfileIncomplete,
        Code::ProfileInactive,
        Code::RatingAlreadyExists,
        Code::SessionNotCompleted,
        Code::InvalidState,
        Code::IdempotencyMismatch,
        Code::LinkExpired,
        Code::PayloadTooLarge,
        Code::RateLimited,
        Code::Internal,
    ];

    /// The name on the wire, such as `BOOKING_CONFLICT`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Code::InvalidRequest => "INVALID_REQUEST",
            Code::InvalidProfileData => "INVALID_PROFILE_DATA",
            Code::InvalidDuration => "INVALID_DURATION",
            Code::MinimumNoticeRequired => "MINIMUM_NOTICE_REQUIRED",
            Code::OutsideHorizon => "OUTSIDE_HORIZON",
            Code::CancellationTooLate => "CANCELLATION_TOO_LATE",
            Code::InvalidRating => "INVALID_RATING",
            Code::InvalidToken => "INVALID_TOKEN",
            Code::TokenExpired => "TOKEN_EXPIRED",
            Code::PaymentFailed => "PAYMENT_FAILED",
            Code::InsufficientPermissions => "INSUFFICIENT_PERMISSIONS",
            Code::JoinClosed => "JOIN_CLOSED",
            Code::ProfileNotFound => "PROFILE_NOT_FOUND",
            Code::BookingNotFound => "BOOKING_NOT_FOUND",
            Code::NotFound => "NOT_FOUND",
            Code::BookingConflict => "BOOKING_CONFLICT",
            Code::ProviderRequired => "PROVIDER_REQUIRED",
            Code::DebtOutstanding => "DEBT_OUTSTANDING",
            Code::ProfileIncomplete => "PROFILE_INCOMPLETE",
            Code::ProfileInactive => "PROFILE_INACTIVE",
            Code::RatingAlreadyExists => "RATING_ALREADY_EXISTS",
            Code::SessionNotCompleted => "SESSION_NOT_COMPLETED",
            Code::InvalidState => "INVALID_STATE",
            Code::IdempotencyMismatch => "IDEMPOTENCY_MISMATCH",
            Code::LinkExpired => "LINK_EXPIRED",
            Code::PayloadTooLarge => "PAYLOAD_TOO_LARGE",
            Code::RateLimited => "RATE_LIMITED",
            Code::Internal => "INTERNAL",
        }
    }

    /// The HTTP status that answers with this code.
    #[must_use]
    pub const fn status(self) -> u16 {
        match self {
            Code::InvalidRequest
            | Code::InvalidProfileData
            | Code::InvalidDuration
            | Code::MinimumNoticeRequired
            | Code::OutsideHorizon
            | Code::CancellationTooLate
            | Code::InvalidRating => 400,
            Code::InvalidToken | Code::TokenExpired => 401,
            Code::PaymentFailed => 402,
            Code::InsufficientPermissions | Code::JoinClosed => 403,
            Code::ProfileNotFound | Code::BookingNotFound | Code::NotFound => 404,
            Code::BookingConflict
            | Code::ProviderRequired
            | Code::DebtOutstanding
            | Code::ProfileIncomplete
            | Code::ProfileInactive
            | Code::RatingAlreadyExists
            | Code::SessionNotCompleted
            | Code::InvalidState
            | Code::IdempotencyMismatch => 409,
            Code::LinkExpired => 410,
            Code::PayloadTooLarge => 413,
            Code::RateLimited => 429,
            Code::Internal => 500,
        }
    }
}

/// What a rule answers when it says no: a code, a key that picks the sentence in the reader's
/// language, and the input field that caused it, where there is one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{} ({key})", code.name())]
pub struct Refusal {
    /// The stable code.
    pub code: Code,
    /// Which sentence explains it: a key under `error` in the locale files, such as `bio_length`.
    pub key: Cow<'static, str>,
    /// The name of the input field at fault.
    pub field: Option<Cow<'static, str>>,
}

impl Refusal {
    /// A refusal whose sentence is `key`.
    #[must_use]
    pub const fn new(code: Code, key: &'static str) -> Self {
        Refusal { code, key: Cow::Borrowed(key), field: None }
    }

    /// The same, naming the input field at fault.
    #[must_use]
    pub const fn on(code: Code, key: &'static str, field: &'static str) -> Self {
        Refusal { code, key: Cow::Borrowed(key), field: Some(Cow::Borrowed(field)) }
    }
}
