//! What a use case answers when it does not succeed: a refusal for people, or a fault of ours.

use domain::{Code, Refusal};
use serde_json::Value;

/// The result of a use case.
pub type Result<T, E = AppError> = std::result::Result<T, E>;

/// Why a use case did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// A rule says no: told to the person as it is.
    #[error("{refusal}")]
    Refused {
        /// The rule's answer.
        refusal: Refusal,
        /// What helps to go on, such as fresh slots; `Null` where nothing does.
        details: Value,
    },
    /// Ours to mend: logged once at the boundary, told without detail.
    #[error("{0}")]
    Fault(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl AppError {
    /// A refusal that comes with what helps to go on.
    #[must_use]
    pub fn with_details(refusal: Refusal, details: Value) -> Self {
        AppError::Refused { refusal, details }
    }

    /// A fault of ours.
    pub fn fault(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        AppError::Fault(error.into())
    }

    /// The code of the interface.
    #[must_use]
    pub fn code(&self) -> Code {
        match self {
            AppError::Refused { refusal, .. } => refusal.code,
            AppError::Fault(_) => Code::Internal,
        }
    }

    /// The name of the constraint that refused a write, where one did.
    #[must_use]
    pub fn constraint(&self) -> Option<&str> {
        self.database()?.constraint()
    }

    /// Whether the database asks to try the transaction again (deadlock or serialization failure).
    #[must_use]
    pub fn wants_retry(&self) -> bool {
        self.database().and_then(|error| error.code()).is_some_and(|code| code == "40P01" || code == "40001")
    }

    fn database(&self) -> Option<&dyn sqlx::error::DatabaseError> {
        match self {
            AppError::Fault(error) => error.downcast_ref::<sqlx::Error>()?.as_database_error(),
            AppError::Refused { .. } => None,
        }
    }
}

impl From<Refusal> for AppError {
    fn from(refusal: Refusal) -> Self {
        AppError::Refused { refusal, details: Value::Null }
    }
}

impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        AppError::fault(error)
    }
}
