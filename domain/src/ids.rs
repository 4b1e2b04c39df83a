//! Identities. Opaque on the wire; a type each, so that a tutor never stands where a student should.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Code, Refusal};

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = Refusal;

            /// Anything that is not an id of ours names nothing: 404.
            fn from_str(text: &str) -> Result<Self, Refusal> {
                Uuid::try_parse(text).map($name).map_err(|_| Refusal::new(Code::NotFound, "not_found"))
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                $name(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Uuid {
                id.0
            }
        }
    )*};
}

ids! {
    /// A person with an account: student, tutor or admin.
    UserId;
    /// A tutor's public profile. Every tutor's user has exactly one, from registration on.
    TutorId;
    /// A lesson type of a tutor.
    OfferingId;
    /// A short reservation of a slot.
    HoldId;
    /// The agreement between one student and one tutor about a slot.
    BookingId;
    /// The live meeting of a booking.
    LessonId;
    /// What a lesson costs, from its outcome on.
    ChargeId;
    /// Money given back of a charge.
    RefundId;
    /// What a student owes after a decline.
    DebtId;
    /// Money that is secured for a lesson before it.
    DepositId;
    /// What is sent to a tutor at once.
    PayoutId;
    /// What a refund takes back of a payout.
    ReversalId;
    /// The conversation of one tutor with one student.
    ThreadId;
    /// What one person of a conversation told an admin about the other.
    ReportId;
    /// A file of a message, or of a statement in a dispute.
    AttachmentId;
    /// What one of the two does not accept about a lesson.
    DisputeId;
    /// A person's copy of all that is kept about them.
    ExportId;
    /// A comparison of the ledger with the provider's balance.
    ReconciliationId;
    /// A browser that is told by push.
    DeviceId;
    /// A mail that was written.
    MailId;
}
